#include "engine/graph/op.h"

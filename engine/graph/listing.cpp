#include "engine/graph/model.h"

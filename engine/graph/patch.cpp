#include "engine/graph/patch.h"

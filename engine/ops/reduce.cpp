#include "engine/ops/reduce.h"

#include "engine/ops/elementwise.h"

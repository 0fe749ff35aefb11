#include "engine/ops/layout.h"

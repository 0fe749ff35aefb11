#include "engine/ops/product.h"

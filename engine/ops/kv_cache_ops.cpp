#include "engine/ops/kv_cache_ops.h"

#include "engine/ops/attention.h"

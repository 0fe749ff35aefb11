#include "engine/graph/plan.h"

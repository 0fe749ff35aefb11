#include "engine/graph/workspace.h"

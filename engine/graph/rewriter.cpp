#include "engine/graph/rewriter.h"

#include "engine/graph/fact.h"

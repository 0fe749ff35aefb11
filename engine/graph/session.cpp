#include "engine/graph/session.h"

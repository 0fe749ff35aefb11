#include "engine/tensor/constant.h"

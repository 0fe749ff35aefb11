// What several generators need to write rows.
#pragma once

#include <span>
#include <vector>

#include "engine/base/random.h"

namespace kvproof {

// Independent normal values of mean 0.
void fill_normal(std::span<float> values, Random& random, double deviation = 1);

// A vector of length 1, every direction equally likely; for d = 1 it is 1 or -1.
std::vector<float> random_direction(int d, Random& random);

double dot(std::span<const float> a, std::span<const float> b);

// Takes from `row` its part along `direction`, a vector of length 1.
void remove_direction(std::span<float> row, std::span<const float> direction);

}  // namespace kvproof

// What the tests of the containers share: folders that go away, bytes, tensors of every type.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/tensor/tensor.h"

namespace kvproof {

using Bytes = std::vector<std::byte>;

inline Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// An empty folder for one test.
class TempFolder {
 public:
  TempFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string name =
        std::string("kvproof_") + test->test_suite_name() + "." + test->name() + "." + std::to_string(getpid());
    for (char& c : name) c = c == '/' ? '_' : c;
    folder_ = std::filesystem::path(testing::TempDir()) / name;
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string path(const std::string& name = "") const { return (folder_ / name).string(); }
  std::string put(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return path(name);
  }
  std::string get(const std::string& name) const {
    std::ifstream in(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t files() const { return std::size_t(std::distance(std::filesystem::directory_iterator(folder_), {})); }

 private:
  std::filesystem::path folder_;
};

inline constexpr DType kFileTypes[] = {DType::kF16, DType::kF32, DType::kF64, DType::kI8,  DType::kI16, DType::kI32,
                                       DType::kI64, DType::kU8,  DType::kU16, DType::kU32, DType::kU64, DType::kBool};

inline const std::vector<Shape>& odd_shapes() {
  static const std::vector<Shape> shapes{{}, {1}, {7}, {0}, {3, 0, 5}, {2, 3, 5}, {1, 1, 1, 1, 1, 1, 2, 3}};
  return shapes;
}

inline Tensor random_tensor(DType dtype, const Shape& shape, std::uint64_t seed = 1) {
  Tensor tensor(dtype, shape);
  Random random(seed);
  const std::size_t size = std::size_t(shape.elements()) * size_of(dtype);
  for (std::size_t i = 0; i < size; ++i) {
    tensor.view().data[i] = std::byte(random.bits() & (dtype == DType::kBool ? 1 : 0xff));
  }
  return tensor;
}

inline Bytes elements_of(const TensorView& tensor) { return {tensor.data, tensor.data + tensor.size_bytes()}; }

inline bool same(const TensorView& a, const TensorView& b) {
  return a.dtype == b.dtype && a.shape == b.shape &&
         (a.size_bytes() == 0 || std::memcmp(a.data, b.data, a.size_bytes()) == 0);
}

// `f` throws an Error of this code, in one line that has `part` in it.
template <class F>
void expect_error(ErrorCode code, const std::string& part, F f) {
  try {
    f();
    ADD_FAILURE() << "accepted; expected an error with: " << part;
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_EQ(int(error.code()), int(code)) << what;
    EXPECT_NE(what.find(part), std::string::npos) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
  }
}

}  // namespace kvproof

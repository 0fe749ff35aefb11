// Safetensors files: what is written comes back, what is legal is read, what contradicts itself is
// refused.
#include "engine/tensor/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/base/error.h"

namespace kvproof {
namespace {

// The bytes of a file with this header and so many bytes of data, which count up from 0.
std::string file_of(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), 8);
  file += header;
  for (std::size_t i = 0; i < data_bytes; ++i) file += char(i);
  return file;
}

SafetensorsFile opened(const std::string& file) {
  return SafetensorsFile::view(std::as_bytes(std::span(file.data(), file.size())), "test");
}

// The message with which `file` is refused, or "accepted".
std::string refusal(const std::string& file) {
  try {
    opened(file);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMalformed);
    return error.what();
  }
  return "accepted";
}

std::string contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A folder of its own that goes when the test ends.
class SafetensorsFolder : public testing::Test {
 protected:
  SafetensorsFolder() { std::filesystem::create_directories(folder_); }
  ~SafetensorsFolder() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  const std::string folder_ =
      testing::TempDir() + "safetensors_test." + testing::UnitTest::GetInstance()->current_test_info()->name();
};

Tensor counting(DType type, const Shape& shape) {
  Tensor tensor(type, shape);
  const MutableTensorView view = tensor.view();
  const std::size_t size = TensorView(view).size_bytes();
  for (std::size_t i = 0; i < size; ++i) view.data[i] = std::byte(type == DType::kBool ? i % 2 : i);
  return tensor;
}

std::vector<NamedTensor> one_of_each() {
  std::vector<NamedTensor> tensors;
  for (const DType type :
       {DType::kBool, DType::kU8, DType::kI8, DType::kF16, DType::kBF16, DType::kI32, DType::kF32, DType::kI64}) {
    tensors.push_back({std::string(name_of(type)), counting(type, {3, 5})});
  }
  tensors.push_back({"scalar", counting(DType::kF32, {})});
  tensors.push_back({"nothing", counting(DType::kF32, {4, 0})});
  return tensors;
}

TEST_F(SafetensorsFolder, WhatIsWrittenComesBack) {
  const std::vector<NamedTensor> tensors = one_of_each();
  const TensorMetadata metadata{{"model", "a \"quoted\"\nname"}, {"empty", ""}};
  write_safetensors(path("a"), tensors, metadata);
  const SafetensorsFile file = SafetensorsFile::open(path("a"));
  EXPECT_EQ(file.metadata(), metadata);
  EXPECT_EQ(file.names().size(), tensors.size());
  for (const NamedTensor& t : tensors) {
    ASSERT_TRUE(file.has(t.name));
    EXPECT_EQ(file.info(t.name).dtype, t.tensor.dtype());
    EXPECT_EQ(file.info(t.name).shape, t.tensor.shape());
    const Tensor read = file.read(t.name);
    EXPECT_EQ(read.shape(), t.tensor.shape());
    const std::size_t size = t.tensor.view().size_bytes();
    EXPECT_TRUE(size == 0 || std::memcmp(read.view().data, t.tensor.view().data, size) == 0) << t.name;
  }
}

TEST_F(SafetensorsFolder, BytesDependOnContentAlone) {
  std::vector<NamedTensor> tensors = one_of_each();
  write_safetensors(path("a"), tensors);
  std::reverse(tensors.begin(), tensors.end());
  write_safetensors(path("b"), tensors);
  EXPECT_EQ(contents(path("a")), contents(path("b")));
}

TEST_F(SafetensorsFolder, BytesAreThoseOfTheFormat) {
  write_safetensors(path("a"), {{"b", counting(DType::kU8, {3})}, {"a", counting(DType::kF16, {1, 2})}}, {{"k", "v"}});
  const std::string header = R"({"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  const std::string data("\0\1\2\3\0\1\2", 7);
  EXPECT_EQ(contents(path("a")), file_of(header + padding, 0) + data);
}

TEST_F(SafetensorsFolder, AFailedWriteLeavesTheOldFileAndNothingElse) {
  write_safetensors(path("a"), one_of_each());
  const std::string before = contents(path("a"));
  std::filesystem::create_directories(path("folder"));
  for (const std::string& name : {path("absent/b"), path("folder")}) {
    try {
      write_safetensors(name, one_of_each());
      ADD_FAILURE() << "written: " << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kIo);
    }
  }
  EXPECT_EQ(contents(path("a")), before);
  const std::filesystem::directory_iterator entries(std::filesystem::path(path("a")).parent_path());
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 2);
}

TEST_F(SafetensorsFolder, OpenTellsAMissingFileFromABadOne) {
  const auto code_of = [](const std::string& name) {
    try {
      SafetensorsFile::open(name);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
      return error.code();
    }
    return ErrorCode::kResource;
  };
  std::ofstream(path("empty")).close();
  EXPECT_EQ(code_of(path("absent")), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(path("")), ErrorCode::kIo);
  EXPECT_EQ(code_of(path("empty")), ErrorCode::kMalformed);
}

TEST(Safetensors, DataMayStandUnaligned) {
  std::string header = R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                       R"("b":{"dtype":"I32","shape":[1],"data_offsets":[1,5]}})";
  if (header.size() % 4 == 0) header += ' ';
  const std::string file = file_of(header, 5);
  EXPECT_EQ(opened(file).read("b").as<std::int32_t>()[0], 0x04030201);
}

TEST(Safetensors, ForeignTypesAreRefusedOnlyWhenAskedFor) {
  const std::string file = file_of(R"({"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]},)"
                                   R"("b":{"dtype":"F4","shape":[2],"data_offsets":[8,9]},)"
                                   R"("c":{"dtype":"U8","shape":[1],"data_offsets":[9,10]}})",
                                   10);
  const SafetensorsFile mixed = opened(file);
  EXPECT_EQ(mixed.read("c").as<std::uint8_t>()[0], 9);
  for (const char* name : {"a", "b"}) {
    try {
      mixed.read(name);
      ADD_FAILURE() << "read: " << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
      EXPECT_NE(std::string(error.what()).find(std::string(name) == "a" ? "F8_E4M3" : "F4"), std::string::npos);
    }
  }
  EXPECT_THROW(mixed.info("absent"), Error);
}

TEST(Safetensors, BoolsAreZeroOrOne) {
  const std::string file = file_of(R"({"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},)"
                                   R"("b":{"dtype":"BOOL","shape":[1],"data_offsets":[2,3]}})",
                                   3);
  EXPECT_TRUE(opened(file).read("a").as<bool>()[1]);
  EXPECT_THROW(opened(file).read("b"), Error);
}

TEST(Safetensors, FilesWithoutTensorsOrWithPaddingAreLegal) {
  EXPECT_EQ(refusal(file_of("{}", 0)), "accepted");
  EXPECT_EQ(refusal(file_of("{}      ", 0)), "accepted");
  EXPECT_EQ(refusal(file_of(R"({"__metadata__":{}})", 0)), "accepted");
}

TEST(Safetensors, LengthsThatDoNotFitTheFileAreRefused) {
  for (const std::size_t size : {0, 1, 7}) EXPECT_NE(refusal(std::string(size, '\0')), "accepted");
  const std::string good = file_of("{}", 0);
  for (const std::uint64_t length : {std::uint64_t(0), std::uint64_t(1), std::uint64_t(3), std::uint64_t(1) << 40,
                                     ~std::uint64_t(0), ~std::uint64_t(7)}) {
    std::string file = good;
    std::memcpy(file.data(), &length, 8);
    EXPECT_NE(refusal(file), "accepted") << length;
  }
}

struct Contradiction {
  const char* header;
  std::size_t data_bytes;
  const char* message;
};
const Contradiction kContradictions[] = {
    {R"( {})", 0, "begin with"},
    {R"([])", 0, "begin with"},
    {R"({"a")", 0, "JSON"},
    {R"({} {})", 0, "JSON"},
    {"{\"\xff\":{}}", 0, "JSON"},
    {R"({"a":1})", 0, "no such value"},
    {R"({"a":"F32"})", 0, "no such value"},
    {R"({"a":[]})", 0, "no such value"},
    {R"({"a":null})", 0, "no such value"},
    {R"({"__metadata__":{"k":1}})", 0, "no such value"},
    {R"({"__metadata__":{"k":{}}})", 0, "no such value"},
    {R"({"__metadata__":{"k":"1","k":"2"}})", 0, "twice"},
    {R"({"__metadata__":{},"__metadata__":{}})", 0, "twice"},
    {R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
     R"("a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
     0, "twice"},
    {R"({"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})", 0, "twice"},
    {R"({"a":{"dtype":"U8","shape":[0]}})", 0, "missing"},
    {R"({"a":{}})", 0, "missing"},
    {R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"more":1}})", 0, "'more' is unknown"},
    {R"({"a":{"dtype":"F33","shape":[0],"data_offsets":[0,0]}})", 0, "'F33' is unknown"},
    {R"({"a":{"dtype":["F32"],"shape":[0],"data_offsets":[0,0]}})", 0, "no such value"},
    {R"({"a":{"dtype":"U8","shape":3,"data_offsets":[0,3]}})", 3, "no such value"},
    {R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}})", 0, "no such value"},
    {R"({"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1, "no such value"},
    {R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", 1, "no such value"},
    {R"({"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}})", 1, "too large"},
    {R"({"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "too many elements"},
    {R"({"a":{"dtype":"F32","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0, "no whole number"},
    {R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1, "8 dimensions"},
    {R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1, "more numbers"},
    {R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}})", 1, "no whole number"},
    {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1]}})", 1, "[begin,end]"},
    {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}})", 1, "[begin,end]"},
    {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1, "[begin,end]"},
    {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 1, "bytes [0,2) of 1"},
    {R"({"a":{"dtype":"U8","shape":[1],)"
     R"("data_offsets":[9223372036854775806,9223372036854775807]}})",
     1, "of 1"},
    {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}})", 1, "takes 2"},
    {R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,1]}})", 1, "takes 2"},
    {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "hole"},
    {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
     R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
     3, "overlap"},
    {R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
     R"("b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})",
     2, "overlap"},
    {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 2, "belong to no tensor"},
    {R"({})", 1, "belong to no tensor"},
};

TEST(Safetensors, HeadersThatContradictThemselvesAreRefused) {
  for (const auto& [header, data_bytes, message] : kContradictions) {
    const std::string refused = refusal(file_of(header, data_bytes));
    EXPECT_NE(refused.find(message), std::string::npos) << header << ": " << refused;
    EXPECT_EQ(refused.find('\n'), std::string::npos) << refused;
  }
}

TEST(Safetensors, DepthCostsNoStack) {
  constexpr std::size_t kDepth = 5'000'000;
  std::string objects;
  for (std::size_t i = 0; i < kDepth / 5; ++i) objects += "{\"a\":";
  EXPECT_NE(refusal(file_of(objects, 0)), "accepted");
  EXPECT_NE(refusal(file_of("{\"a\":" + std::string(kDepth, '['), 0)), "accepted");
  EXPECT_NE(refusal(file_of(R"({"a":{"shape":)" + std::string(kDepth, '['), 0)), "accepted");
}

}  // namespace
}  // namespace kvproof

// The container: what is read from honest files, and that no other file does more than be refused.
#include "engine/model/gguf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/model/tests/gguf_writer.h"

namespace kvproof {
namespace {

GgufFile view(const Bytes& bytes) { return GgufFile::view(bytes, "m.gguf"); }

GgufRefusal refused(const Bytes& bytes) {
  const GgufRefusal result = gguf_refusal([&] { (void)view(bytes); });
  EXPECT_EQ(result.message.find('\n'), std::string::npos) << result.message;
  return result;
}

const Bytes kSix = bytes_of<float>({1, 2, 3, 4, 5, 6});

// Two tensors, and a key of every type.
GgufWriter small_file() {
  GgufWriter file;
  file.text("general.architecture", "llama");
  file.key("u8", std::uint8_t(255)).key("i8", std::int8_t(-128)).key("u16", std::uint16_t(65535));
  file.key("i16", std::int16_t(-2)).key("u32", 4'000'000'000u).key("i32", -5).key("f32", 0.5f).key("bool", true);
  file.key("u64", ~std::uint64_t(0)).key("i64", std::int64_t(-6)).key("f64", 0.1);
  file.array<std::uint16_t>("numbers", {7, 8}).array<bool>("bools", {true, false}).array<float>("none", {});
  file.raw("texts", kArrayId, [](Bytes& to) {
    append(to, kTextId);
    append(to, std::uint64_t(2));
    append_text(to, "a");
    append_text(to, "\xff");
  });
  file.raw("nested", kArrayId, [](Bytes& to) {
    append(to, kArrayId);
    append(to, std::uint64_t(1));
    append(to, kValueId<std::int32_t>);
    append(to, std::uint64_t(1));
    append(to, std::int32_t(-9));
  });
  file.tensor("one", {3, 2}, "F32", kSix).tensor("two", {32, 1}, "Q8_0", Bytes(34, std::byte{1}));
  return file;
}

TEST(Gguf, ValuesOfEveryTypeAreReadAndNumbersWidened) {
  const Bytes bytes = small_file().bytes();
  const GgufFile file = view(bytes);
  const GgufMetadata& values = file.metadata();
  EXPECT_EQ(values.text("general.architecture"), "llama");
  EXPECT_EQ(values.integer("u8"), 255);
  EXPECT_EQ(values.integer("i8"), -128);
  EXPECT_EQ(values.integer("u16"), 65535);
  EXPECT_EQ(values.integer("i16"), -2);
  EXPECT_EQ(values.integer("u32"), 4'000'000'000);
  EXPECT_EQ(values.integer("i32"), -5);
  EXPECT_EQ(values.number("f32"), 0.5);
  EXPECT_EQ(values.boolean("bool"), true);
  EXPECT_EQ(std::get<std::uint64_t>(*values.find("u64")), ~std::uint64_t(0));
  EXPECT_EQ(values.integer("i64"), -6);
  EXPECT_EQ(values.number("f64"), 0.1);
  EXPECT_EQ(values.number("i32"), -5);
  EXPECT_EQ(values.integer("absent"), std::nullopt);
}

TEST(Gguf, ArraysMayHoldTextsAndArrays) {
  const Bytes bytes = small_file().bytes();
  const GgufFile file = view(bytes);
  const auto array = [&](const char* key) { return std::get<GgufArray>(*file.metadata().find(key)); };
  EXPECT_EQ(*array("numbers").of<std::uint64_t>(), (std::vector<std::uint64_t>{7, 8}));
  EXPECT_EQ(*array("bools").of<bool>(), (std::vector<bool>{true, false}));
  EXPECT_EQ(*array("texts").of<std::string>(), (std::vector<std::string>{"a", "\xff"}));
  EXPECT_EQ(array("none").of<double>()->size(), 0u);
  EXPECT_EQ(array("numbers").of<double>(), nullptr);
  EXPECT_EQ(*array("nested").of<GgufArray>()->front().of<std::int64_t>(), std::vector<std::int64_t>{-9});
}

TEST(Gguf, ValuesOfAnotherKindAreRefusedByKey) {
  const Bytes bytes = small_file().bytes();
  const GgufFile file = view(bytes);
  EXPECT_TRUE(gguf_refusal([&] { (void)file.metadata().integer("u64"); }).names("m.gguf: u64 18446744073709551615"));
  EXPECT_TRUE(gguf_refusal([&] { (void)file.metadata().integer("f32"); }).names("f32 0.5; expected an integer"));
  EXPECT_TRUE(gguf_refusal([&] { (void)file.metadata().number("bool"); }).names("bool true"));
  EXPECT_TRUE(gguf_refusal([&] { (void)file.metadata().text("numbers"); }).names("(an array of 2)"));
  EXPECT_TRUE(gguf_refusal([&] { (void)file.metadata().boolean("u8"); }).names("true or false"));
}

TEST(Gguf, TensorsHaveTheirDimensionsReversedAndTheirBytesAsTheyAre) {
  for (const std::uint32_t version : {2u, 3u}) {
    GgufWriter writer = small_file();
    writer.version = version;
    const Bytes bytes = writer.bytes();
    const GgufFile file = view(bytes);
    ASSERT_EQ(file.tensors().size(), 2u);
    const GgufTensor* one = file.find("one");
    ASSERT_TRUE(one && one == &file.tensors()[0]);
    EXPECT_EQ(one->shape, (Shape{2, 3}));
    EXPECT_EQ(one->type->name, "F32");
    EXPECT_TRUE(std::ranges::equal(file.data(*one), kSix));
    EXPECT_EQ(file.find("two")->bytes, 34u);
    EXPECT_EQ(file.find("three"), nullptr);
  }
}

TEST(Gguf, AFileIsMappedAndMayBeReadAgainAfterItsPagesWent) {
  const std::string path = testing::TempDir() + "gguf_test.gguf";
  const Bytes values(3 << 14, std::byte{7});
  const Bytes bytes = GgufWriter().tensor("t", {3 << 14}, "I8", values).bytes();
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
  const GgufFile file = GgufFile::open(path);
  file.give_back(file.tensors()[0]);
  EXPECT_TRUE(std::ranges::equal(file.data(file.tensors()[0]), values));
  std::filesystem::remove(path);
  EXPECT_EQ(gguf_refusal([&] { (void)GgufFile::open(path); }).code, ErrorCode::kNotFound);
  EXPECT_EQ(gguf_refusal([&] { (void)GgufFile::open(testing::TempDir()); }).code, ErrorCode::kIo);
}

TEST(Gguf, TheAlignmentOfTheFileIsKept) {
  GgufWriter writer;
  writer.alignment = 64;
  writer.key("general.alignment", 64u).tensor("a", {1}, "F32", bytes_of<float>({1})).tensor("b", {6}, "F32", kSix);
  const Bytes bytes = writer.bytes();
  EXPECT_TRUE(std::ranges::equal(view(bytes).data(*view(bytes).find("b")), kSix));
  for (const std::uint32_t bad : {0u, 4u, 48u, 0x80000000u}) {
    EXPECT_TRUE(refused(GgufWriter().key("general.alignment", bad).bytes()).names("general.alignment")) << bad;
  }
}

TEST(Gguf, AScalarAndATensorWithoutElementsAreTensors) {
  const Bytes bytes =
      GgufWriter().tensor("scalar", {}, "F32", bytes_of<float>({4})).tensor("empty", {0, 5}, "F32", {}).bytes();
  EXPECT_EQ(view(bytes).find("scalar")->shape, Shape());
  EXPECT_EQ(view(bytes).find("empty")->shape, (Shape{5, 0}));
}

TEST(Gguf, OtherFilesVersionsAndByteOrdersAreRefused) {
  EXPECT_TRUE(refused({}).names("header"));
  EXPECT_TRUE(refused(Bytes(64, std::byte{'G'})).names("not a GGUF file"));
  for (const std::uint32_t version : {0u, 1u, 4u}) {
    GgufWriter writer;
    writer.version = version;
    EXPECT_EQ(refused(writer.bytes()).code, ErrorCode::kUnsupported) << version;
  }
  GgufWriter swapped;
  swapped.version = 3u << 24;
  EXPECT_TRUE(refused(swapped.bytes()).names("big-endian"));
}

TEST(Gguf, KeysAndTensorsStandOnce) {
  EXPECT_TRUE(refused(GgufWriter().key("a", 1u).key("a", 1u).bytes()).names("key \"a\" stands twice"));
  EXPECT_TRUE(refused(GgufWriter().tensor("t", {6}, "F32", kSix).tensor("t", {6}, "F32", kSix).bytes())
                  .names("tensor \"t\": stands twice"));
  EXPECT_TRUE(refused(GgufWriter().key("", 1u).bytes()).names("empty"));
}

TEST(Gguf, CountsThatTheFileHasNoRoomForAreRefusedBeforeMemoryIsTaken) {
  for (const std::size_t at : {std::size_t(8), std::size_t(16)}) {
    Bytes bytes = small_file().bytes();
    const std::uint64_t many = std::uint64_t(1) << 61;
    std::memcpy(bytes.data() + at, &many, sizeof many);
    EXPECT_TRUE(refused(bytes).names("2305843009213693952")) << at;
  }
  const auto array = [](std::uint32_t type) {
    return GgufWriter()
        .raw("k", kArrayId,
             [&](Bytes& to) {
               append(to, type);
               append(to, ~std::uint64_t(0));
             })
        .bytes();
  };
  for (std::uint32_t type = 0; type <= 12; ++type) EXPECT_TRUE(refused(array(type)).names("key \"k\"")) << type;
  EXPECT_TRUE(refused(array(13)).names("type 13"));
}

TEST(Gguf, ArraysInArraysHaveALimit) {
  const auto nested = [](int depth) {
    return GgufWriter()
        .raw("k", kArrayId,
             [&](Bytes& to) {
               for (int i = 1; i < depth; ++i) {
                 append(to, kArrayId);
                 append(to, std::uint64_t(1));
               }
               append(to, kValueId<std::uint8_t>);
               append(to, std::uint64_t(0));
             })
        .bytes();
  };
  EXPECT_EQ(refused(nested(4)).message, "accepted");
  EXPECT_TRUE(refused(nested(5)).names("arrays in arrays"));
}

TEST(Gguf, TensorsLieApartAndInsideTheFile) {
  const auto two = [](std::uint64_t second) {
    return GgufWriter().tensor_at(0, "a", {12}, 0, Bytes(48)).tensor_at(second, "b", {6}, 0, kSix).bytes();
  };
  EXPECT_EQ(refused(two(64)).message, "accepted");
  EXPECT_TRUE(refused(two(32)).names("tensor \"b\": offset 32 lets it overlap another; expected 64"));
  EXPECT_TRUE(refused(two(0)).names("overlap"));
  EXPECT_TRUE(
      refused(GgufWriter().tensor_at(32, "a", {6}, 0, Bytes(64)).bytes()).names("\"a\": offset 32 leaves a hole"));
  EXPECT_TRUE(refused(two(65)).names("multiple of 32"));
  EXPECT_TRUE(refused(two(96)).names("tensor \"b\": 24 bytes at offset 96"));
  EXPECT_TRUE(refused(two(~std::uint64_t(31))).names("outside the file"));
}

TEST(Gguf, ShapesAndTypesThatCannotBeAreRefusedByName) {
  const auto tensor = [](const Dims& dims, std::uint32_t type) {
    return refused(GgufWriter().tensor_at(0, "t", dims, type, Bytes(64)).bytes());
  };
  EXPECT_TRUE(tensor({1, 1, 1, 1, 1}, 0).names("tensor \"t\": 5 dimensions"));
  EXPECT_TRUE(tensor({~std::uint64_t(0)}, 0).names("too large"));
  EXPECT_TRUE(tensor({std::uint64_t(1) << 40, std::uint64_t(1) << 40}, 0).names("too large"));
  EXPECT_TRUE(tensor({std::uint64_t(1) << 61}, 28).names("larger than the file"));
  EXPECT_TRUE(tensor({33}, 8).names("a multiple of 32, the block of Q8_0"));
  EXPECT_TRUE(tensor({128}, 12).names("a multiple of 256, the block of Q4_K"));
  EXPECT_TRUE(tensor({4}, 31).names("type 31"));
  EXPECT_EQ(tensor({4}, 31).code, ErrorCode::kUnsupported);
}

// Reads whatever there is to read.
void read_all(const Bytes& bytes) {
  const GgufFile file = view(bytes);
  for (const GgufTensor& tensor : file.tensors()) {
    if (!tensor.type->decode) continue;
    std::vector<float> values(std::size_t(tensor.shape.elements()));
    decode_gguf(*tensor.type, file.data(tensor), values.data());
  }
}

TEST(Gguf, AFileThatIsCutOffAnywhereIsRefused) {
  const Bytes bytes = small_file().bytes();
  // The last tensor has 34 bytes; the padding behind it may be missing.
  const std::size_t needed = bytes.size() - 30;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + std::ptrdiff_t(size));
    EXPECT_EQ(refused(cut).message == "accepted", size >= needed) << size;
  }
}

TEST(Gguf, AMutatedFileIsReadOrRefused) {
  const Bytes original = small_file().bytes();
  Random random(20);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = original;
    for (std::int64_t n = random.integer(1, 4); n > 0; --n) {
      const auto at = std::size_t(random.integer(0, std::int64_t(bytes.size()) - 1));
      // Small numbers and extreme ones find more than any byte would.
      constexpr std::array kBytes{0, 1, 2, 8, 9, 0x7f, 0x80, 0xff};
      bytes[at] =
          random.integer(0, 1) ? std::byte(kBytes[std::size_t(random.integer(0, 7))]) : std::byte(random.bits());
    }
    const GgufRefusal result = gguf_refusal([&] { read_all(bytes); });
    accepted += result.message == "accepted";
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_LT(accepted, 19'000);
}

}  // namespace
}  // namespace kvproof

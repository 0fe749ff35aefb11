// Thousands of damaged containers: each gives a result or one Error.
#include "engine/nnef/archive.h"
#include "engine/nnef/dat.h"
#include "engine/nnef/npz.h"
#include "engine/nnef/tests/containers.h"

namespace kvproof {
namespace {

struct Outcomes {
  int read = 0, refused = 0;
};

template <class F>
void count(Outcomes& outcomes, const F& read) {
  try {
    read();
    ++outcomes.read;
  } catch (const Error& error) {
    ++outcomes.refused;
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
  }
}

void mutate(std::string& file, Random& random) {
  if (file.empty()) return;
  const auto place = [&] { return std::size_t(random.integer(0, std::int64_t(file.size()) - 1)); };
  const std::size_t at = place();
  switch (random.integer(0, 4)) {
    case 0:
      file[at] = char(file[at] ^ (1 << random.integer(0, 7)));
      break;
    case 1:
      file[at] = char(random.bits());
      break;
    case 2:
      file.resize(at);
      break;
    case 3:
      file.erase(at, std::size_t(random.integer(1, 8)));
      break;
    default:
      file.insert(at, file.substr(place(), std::size_t(random.integer(1, 80))));
  }
}

// Reads `file` cut off at every byte, and then `mutants` damaged copies of it.
template <class F>
Outcomes damage(const std::string& file, int mutants, const F& read) {
  Outcomes outcomes;
  for (std::size_t n = 0; n < file.size(); ++n) count(outcomes, [&] { read(bytes_of(file.substr(0, n))); });
  Random random(21);
  for (int i = 0; i < mutants; ++i) {
    std::string mutant = file;
    for (std::int64_t n = random.integer(1, 3); n > 0; --n) mutate(mutant, random);
    count(outcomes, [&] { read(bytes_of(mutant)); });
  }
  return outcomes;
}

TEST(ContainerMutations, DatFilesAreReadOrRefused) {
  std::vector<Constant> constants{Constant(random_tensor(DType::kF16, {2, 3})),
                                  Constant(random_tensor(DType::kBool, {9})), Constant(random_tensor(DType::kI64, {})),
                                  Constant(Strings{{3}, {"", "ab", "c"}})};
  for (const Constant& constant : constants) {
    const std::string file = text_of(write_dat(constant));
    const Outcomes outcomes = damage(file, 5'000, [&](const Bytes& bytes) {
      const Constant back = read_dat(bytes, "mutant");
      EXPECT_LE(back.shape().elements(), std::int64_t(8 * bytes.size()));
    });
    EXPECT_GT(outcomes.read, 100);
    EXPECT_GT(outcomes.refused, 1'000);
  }
}

TEST(ContainerMutations, ArchivesAreReadOrRefused) {
  const TempFolder folder;
  Archive archive;
  archive.add("graph.nnef", bytes_of("version 1.0;\ngraph network(x) -> (x) {}\n"));
  archive.add(std::string(120, 'n') + ".dat", write_dat(Constant(random_tensor(DType::kF32, {4}))));
  for (const char* name : {"m.tar", "m.tgz"}) {
    write_archive(folder.path(name), archive);
    const Outcomes outcomes = damage(folder.get(name), 3'000, [](const Bytes& bytes) {
      const Archive back = read_archive(bytes, "mutant", {100, 1 << 20});
      for (const std::string& file : back.names()) EXPECT_LE(back.bytes(file).size(), 1u << 20);
    });
    EXPECT_GT(outcomes.read, 10);
    EXPECT_GT(outcomes.refused, 200);
  }
}

TEST(ContainerMutations, ArraysAreReadOrRefused) {
  const TempFolder folder;
  std::vector<NamedTensor> tensors;
  tensors.push_back({"turn_0/x", random_tensor(DType::kF32, {2, 3})});
  tensors.push_back({"turn_1/x", random_tensor(DType::kBool, {})});
  write_npz(folder.path("a.npz"), tensors);
  const Outcomes outcomes = damage(folder.get("a.npz"), 10'000, [](const Bytes& bytes) {
    for (const NamedTensor& named : read_npz(bytes, "mutant", {100, 1 << 20})) {
      EXPECT_LE(named.tensor.view().size_bytes(), bytes.size());
    }
  });
  EXPECT_GT(outcomes.read, 100);
  EXPECT_GT(outcomes.refused, 1'000);
}

}  // namespace
}  // namespace kvproof

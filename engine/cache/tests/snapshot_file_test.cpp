// Snapshots in files: a save that fails leaves the old file, and what cannot be read or written is named by its path.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/temp_folder.h"
#include "engine/cache/tests/support.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;

class SnapshotFile : public ::testing::Test {
 protected:
  std::string path(const std::string& name = "cache.snap") const { return folder_.path(name); }
  std::size_t files() const { return folder_.files(); }
  static std::unique_ptr<KvCache> filled(std::int64_t n) {
    auto cache = make_cache("in_place", kSmall);
    Tokens(kSmall, n).feed(*cache, 0, n);
    return cache;
  }

 private:
  TempFolder folder_;
};

// Lets no file of this process grow beyond `bytes` while it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_F(SnapshotFile, HoldsOneRecordAndNothingElse) {
  const auto cache = filled(9);
  save_snapshot(path(), *cache);
  EXPECT_EQ(fs::file_size(path()), saved(*cache).size());
  EXPECT_EQ(files(), 1u);
  const auto other = filled(3);
  load_snapshot(path(), *other);
  EXPECT_EQ(saved(*other), saved(*cache));
}

TEST_F(SnapshotFile, ReplacesAnOlderOne) {
  save_snapshot(path(), *filled(20));
  save_snapshot(path(), *filled(3));
  const auto cache = make_cache("in_place", kSmall);
  load_snapshot(path(), *cache);
  EXPECT_EQ(cache->seen_tokens(), 3);
  EXPECT_EQ(files(), 1u);
}

TEST_F(SnapshotFile, StaysWhereASaveIsInterrupted) {
  save_snapshot(path(), *filled(9));
  const auto large = filled(400);
  {
    const FileSizeLimit limit(1000);
    expect_error(ErrorCode::kIo, path(), [&] { save_snapshot(path(), *large); });
  }
  const auto cache = make_cache("in_place", kSmall);
  load_snapshot(path(), *cache);
  EXPECT_EQ(cache->seen_tokens(), 9);
  EXPECT_EQ(files(), 1u) << "what was written in part is gone";
}

TEST_F(SnapshotFile, NamesAPathThatCannotBeWritten) {
  const auto cache = filled(3);
  const std::string missing = path("no/such/folder/cache.snap");
  expect_error(ErrorCode::kIo, missing, [&] { save_snapshot(missing, *cache); });
  fs::create_directory(path("folder"));
  expect_error(ErrorCode::kIo, path("folder"), [&] { save_snapshot(path("folder"), *cache); });
  EXPECT_EQ(files(), 1u);
  expect_error(ErrorCode::kIo, "", [&] { save_snapshot("", *cache); });
}

TEST_F(SnapshotFile, NamesAPathThatCannotBeRead) {
  const auto cache = filled(3);
  const Bytes before = saved(*cache);
  expect_error(ErrorCode::kIo, path(), [&] { load_snapshot(path(), *cache); });
  fs::create_directory(path("folder"));
  expect_error(ErrorCode::kIo, path("folder"), [&] { load_snapshot(path("folder"), *cache); });
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  expect_error(ErrorCode::kIo, path("pipe"), [&] { load_snapshot(path("pipe"), *cache); });
  EXPECT_EQ(saved(*cache), before);
}

TEST_F(SnapshotFile, IsRefusedWhenEmptyCutOrExtended) {
  const auto source = filled(9), cache = filled(3);
  const Bytes before = saved(*cache), bytes = saved(*source);
  for (const std::size_t size : {std::size_t(0), std::size_t(7), bytes.size() - 1, bytes.size() + 1}) {
    std::ofstream out(path(), std::ios::binary);
    Bytes changed = bytes;
    changed.resize(size);
    out.write(reinterpret_cast<const char*>(changed.data()), std::streamsize(size));
    out.close();
    expect_error(ErrorCode::kMalformed, "snapshot: ", [&] { load_snapshot(path(), *cache); });
    EXPECT_EQ(saved(*cache), before) << size;
  }
}

}  // namespace
}  // namespace kvproof

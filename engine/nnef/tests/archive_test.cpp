// Archives: folders, tars and gzipped tars there and back, and what is refused.
#include "engine/nnef/archive.h"

#include <sys/stat.h>

#include "engine/nnef/tests/containers.h"

namespace kvproof {
namespace {

Archive small_model() {
  Archive archive;
  archive.add("model.w.dat", bytes_of("weights"));
  archive.add("a/b.dat", bytes_of(std::string(3000, 'b')));
  archive.add("graph.quant", bytes_of(""));
  archive.add("graph.nnef", bytes_of("version 1.0;\n"));
  archive.add("Z.dat", bytes_of(std::string("\0\1", 2)));
  archive.add(std::string(180, 'n') + ".dat", bytes_of("a long name"));
  return archive;
}

void expect_same_files(const Archive& a, const Archive& b) {
  ASSERT_EQ(a.names(), b.names());
  for (const std::string& name : a.names()) EXPECT_EQ(text_of(a.bytes(name)), text_of(b.bytes(name))) << name;
}

// One block of a tar: a file of at most 512 bytes, or whatever `type` says.
std::string tar_entry(const std::string& name, const std::string& content, char type = '0',
                      std::size_t claimed = SIZE_MAX) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  char size[13];
  std::snprintf(size, sizeof size, "%011zo", claimed == SIZE_MAX ? content.size() : claimed);
  put(0, name);
  put(100, "0000644");
  put(124, size);
  put(136, "00000000000");
  header[156] = type;
  if (type == '2' || type == '1') put(157, "graph.nnef");
  put(257, std::string("ustar\0", 6) + "00");
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  put(148, std::string(digits) + '\0');
  std::string padded = content;
  padded.resize((content.size() + 511) / 512 * 512);
  return header + padded;
}

const std::string kEnd(1024, '\0');
const std::string kGraph = tar_entry("graph.nnef", "version 1.0;");

void expect_tar_refused(ErrorCode code, const std::string& tar, const std::string& part, ArchiveLimits limits = {}) {
  expect_error(code, part, [&] { read_archive(std::as_bytes(std::span(tar)), "m.tar", limits); });
}

TEST(Archive, ComesBackFromEveryForm) {
  const TempFolder folder;
  const Archive archive = small_model();
  for (const char* name : {"m.tar", "m.tgz", "m.tar.gz", "m.nnef.tar", "model", "model/"}) {
    write_archive(folder.path(name), archive);
    expect_same_files(read_archive(folder.path(name)), archive);
  }
  EXPECT_TRUE(std::filesystem::is_directory(folder.path("model")));
  EXPECT_EQ(folder.get("m.tgz").substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(folder.get("m.nnef.tar").substr(0, 10), "graph.nnef");
  EXPECT_EQ(folder.files(), 5u);
}

TEST(Archive, IsToldByContentAndNotByName) {
  const TempFolder folder;
  write_archive(folder.path("m.tgz"), small_model());
  std::filesystem::rename(folder.path("m.tgz"), folder.path("m.tar"));
  expect_same_files(read_archive(folder.path("m.tar")), small_model());
}

TEST(Archive, TheGraphComesFirstAndTheOthersInOrder) {
  const std::vector<std::string> expected{"graph.nnef", "graph.quant", "Z.dat",
                                          "a/b.dat",    "model.w.dat", std::string(180, 'n') + ".dat"};
  EXPECT_EQ(small_model().names(), expected);
}

TEST(Archive, TheSameFilesGiveTheSameBytes) {
  const TempFolder folder;
  const Archive model = small_model();
  Archive other("another label");
  const std::vector<std::string> names = model.names();
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    other.add(*name, bytes_of(text_of(model.bytes(*name))));
  for (const std::string suffix : {".tar", ".tgz"}) {
    write_archive(folder.path("1" + suffix), model);
    write_archive(folder.path("2" + suffix), other);
    EXPECT_TRUE(folder.get("1" + suffix) == folder.get("2" + suffix)) << suffix;
  }
  const std::string tar = folder.get("1.tar");
  EXPECT_EQ(tar.substr(100, 7), "0000644");
  EXPECT_EQ(std::stoll(tar.substr(136, 11), nullptr, 8), 315532800);
  EXPECT_EQ(tar.substr(265, 64), std::string(64, '\0'));              // no names of users
  EXPECT_EQ(folder.get("1.tgz").substr(3, 5), std::string(5, '\0'));  // no flags, no time
}

TEST(Archive, FilesOfATarAreShownInPlaceAndLargeOnesOfAFolderAreMapped) {
  const TempFolder folder;
  Archive archive;
  archive.add("graph.nnef", bytes_of("version 1.0;"));
  archive.add("w.dat", Bytes(std::size_t(4) << 20, std::byte{7}));
  write_archive(folder.path("m.tar"), archive);
  const Bytes tar = bytes_of(folder.get("m.tar"));
  const Archive back = read_archive(tar, "m.tar");
  for (const std::string& name : back.names()) {
    const auto at = std::size_t(back.bytes(name).data() - tar.data());
    EXPECT_LE(at + back.bytes(name).size(), tar.size()) << name;
  }
  for (const char* name : {"m.tar", "model"}) {
    write_archive(folder.path(name), archive);
    const Archive opened = read_archive(folder.path(name));
    std::filesystem::remove_all(folder.path(name));  // what is mapped stays readable
    expect_same_files(opened, archive);
  }
}

TEST(Archive, AFolderIsReadAndWrittenOverItself) {
  const TempFolder folder;
  write_archive(folder.path("m"), small_model());
  for (int i = 0; i < 2; ++i) write_archive(folder.path("m"), read_archive(folder.path("m")));
  expect_same_files(read_archive(folder.path("m")), small_model());
  EXPECT_EQ(folder.files(), 1u);
}

TEST(Archive, OnlyAModelIsReplaced) {
  const TempFolder folder;
  folder.put("home/precious.txt", "x");
  folder.put("mixed/graph.nnef", "x");
  folder.put("mixed/io.npz", "x");
  folder.put("file", "x");
  std::filesystem::create_directories(folder.path("empty"));
  for (const char* name : {"home", "mixed", "file"}) {
    expect_error(ErrorCode::kUsage, "is not replaced", [&] { write_archive(folder.path(name), small_model()); });
  }
  EXPECT_EQ(folder.get("home/precious.txt"), "x");
  write_archive(folder.path("empty"), small_model());
  EXPECT_EQ(folder.files(), 4u);
  expect_error(ErrorCode::kIo, "cannot be written", [&] { write_archive(folder.path("file/m.tar"), small_model()); });
  expect_error(ErrorCode::kIo, "cannot be written", [&] { write_archive(folder.path("file/m"), small_model()); });
}

TEST(Archive, HiddenFilesArePassedOverAndALeadingDotSlashGoes) {
  const std::string tar = tar_entry("./", "", '5') + tar_entry("./graph.nnef", "g") + tar_entry("./a/.git/x", "y") +
                          tar_entry("._graph.nnef", "z") + tar_entry("./a/w.dat", "w") + kEnd;
  const Archive archive = read_archive(std::as_bytes(std::span(tar)), "m.tar");
  EXPECT_EQ(archive.names(), std::vector<std::string>({"graph.nnef", "a/w.dat"}));
  EXPECT_EQ(text_of(archive.bytes("a/w.dat")), "w");
  const TempFolder folder;
  folder.put("m/graph.nnef", "g");
  folder.put("m/.git/x", "y");
  folder.put("m/a/.x", "y");
  EXPECT_EQ(read_archive(folder.path("m")).names(), std::vector<std::string>({"graph.nnef"}));
}

TEST(Archive, NamesThatLeadElsewhereAreRefused) {
  expect_tar_refused(ErrorCode::kMalformed, kGraph + tar_entry("/etc/x.dat", "x"),
                     "m.tar: entry '/etc/x.dat': the name is absolute");
  expect_tar_refused(ErrorCode::kMalformed, kGraph + tar_entry("a/../../x.dat", "x"), "leads out of the archive");
  expect_tar_refused(ErrorCode::kMalformed, kGraph + tar_entry("..", "x"), "leads out of the archive");
  expect_tar_refused(ErrorCode::kMalformed, kGraph + tar_entry("a//x.dat", "x"), "empty component");
  Archive archive("out");
  expect_error(ErrorCode::kMalformed, "out: entry '': the name is empty", [&] { archive.add("", Bytes{}); });
  expect_error(ErrorCode::kMalformed, "longer than 4096", [&] { archive.add(std::string(5000, 'x'), Bytes{}); });
}

TEST(Archive, WhatStandsTwiceIsRefused) {
  expect_tar_refused(ErrorCode::kMalformed, kGraph + tar_entry("./graph.nnef", "x"),
                     "entry './graph.nnef': stands twice");
  Archive archive = small_model();
  expect_error(ErrorCode::kMalformed, "entry 'Z.dat': stands twice", [&] { archive.add("Z.dat", Bytes{}); });
}

TEST(Archive, LinksAndDevicesAreRefused) {
  for (const char type : {'1', '2', '3', '6'}) {
    expect_tar_refused(ErrorCode::kMalformed, kGraph + tar_entry("x.dat", "", type),
                       "entry 'x.dat': neither a file nor a folder");
  }
}

TEST(Archive, LinksOfAFolderStayInside) {
  const TempFolder folder;
  const std::string secret = folder.put("secret.dat", "s");
  folder.put("m/graph.nnef", "g");
  std::filesystem::create_symlink("graph.nnef", folder.path("m/same.dat"));
  const Archive archive = read_archive(folder.path("m"));
  EXPECT_EQ(text_of(archive.bytes("same.dat")), "g");
  std::filesystem::create_symlink(secret, folder.path("m/out.dat"));
  expect_error(ErrorCode::kMalformed, "entry 'out.dat': a link that leads out",
               [&] { read_archive(folder.path("m")); });
  std::filesystem::remove(folder.path("m/out.dat"));
  std::filesystem::create_symlink(".", folder.path("m/round"));
  expect_error(ErrorCode::kMalformed, "entry 'round': a link to what is no file",
               [&] { read_archive(folder.path("m")); });
  std::filesystem::remove(folder.path("m/round"));
  ASSERT_EQ(mkfifo(folder.path("m/pipe").c_str(), 0600), 0);
  expect_error(ErrorCode::kIo, "pipe: not a regular file", [&] { read_archive(folder.path("m")); });
}

TEST(Archive, ABombMeetsTheLimits) {
  const TempFolder folder;
  Archive bomb;
  bomb.add("graph.nnef", bytes_of("version 1.0;"));
  bomb.add("w.dat", Bytes(std::size_t(8) << 20));
  for (const char* name : {"m.tgz", "m.tar", "m"}) {
    write_archive(folder.path(name), bomb);
    expect_error(ErrorCode::kResource, "bytes in all", [&] { read_archive(folder.path(name), {10, 1 << 20}); });
    expect_error(ErrorCode::kResource, "more than 1 entries", [&] { read_archive(folder.path(name), {1, 1 << 24}); });
  }
  EXPECT_LT(folder.get("m.tgz").size(), 100'000u);
  const std::string hidden = kGraph + tar_entry(".hidden", "", '0', std::size_t(1) << 30);
  expect_tar_refused(ErrorCode::kResource, hidden, "entry '.hidden': unpacks to more than", {10, 1 << 20});
}

TEST(Archive, AFlippedBitOfAGzippedModelIsSeen) {
  const TempFolder folder;
  Archive archive = small_model();
  archive.add("noise.dat", elements_of(random_tensor(DType::kI64, {1000})));  // which gzip stores as it is
  write_archive(folder.path("m.tgz"), archive);
  std::string file = folder.get("m.tgz");
  for (const std::size_t at : {file.size() / 3, file.size() / 2, file.size() - 6, file.size() - 1}) {
    file[at] = char(file[at] ^ 1);
    expect_error(ErrorCode::kMalformed, "damaged gzip", [&] { read_archive(bytes_of(file), "m.tgz"); });
    file[at] = char(file[at] ^ 1);
  }
  expect_same_files(read_archive(bytes_of(file), "m.tgz"), archive);
}

TEST(Archive, AClaimIsNotBelieved) {
  const std::string claims = kGraph + tar_entry("w.dat", "x", '0', std::size_t(8) << 30);
  expect_tar_refused(ErrorCode::kMalformed, claims, "entry 'w.dat'");
}

TEST(Archive, AMessageIsOneLineOfPrintableText) {
  expect_tar_refused(ErrorCode::kMalformed, kGraph + tar_entry("a\n\x1b[31m/../" + std::string(80, 'x'), "x"),
                     "entry 'a??[31m/../xxx");
}

TEST(Archive, WhatIsNoModelIsRefused) {
  const TempFolder folder;
  expect_error(ErrorCode::kNotFound, "nothing: cannot be opened", [&] { read_archive(folder.path("nothing")); });
  expect_error(ErrorCode::kMalformed, "has no graph.nnef", [&] { read_archive(folder.path()); });
  for (const std::string& content : {std::string(), std::string("hello"), std::string("\x1f\x8b\x08 junk"), kEnd}) {
    const std::string path = folder.put("x.tar", content);
    expect_error(ErrorCode::kMalformed, path, [&] { read_archive(path); });
  }
  expect_tar_refused(ErrorCode::kMalformed, tar_entry("w.dat", "x") + kEnd, "m.tar: has no graph.nnef");
  expect_error(ErrorCode::kNotFound, "archive: has no file 'q.dat'", [] {
    const Archive model = small_model();
    model.bytes("q.dat");
  });
}

}  // namespace
}  // namespace kvproof

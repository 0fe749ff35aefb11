#include "engine/nnef/entries.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/nnef/gunzip.h"

namespace kvproof {
namespace {

constexpr std::int64_t kTime = 315532800;  // 1980-01-01, what tract writes where it is asked for the same bytes

bool worked(int result) { return result == ARCHIVE_OK || result == ARCHIVE_WARN; }

bool shows(std::span<const std::byte> whole, std::span<const std::byte> part) {
  const std::less_equal<> before;  // total, also between pointers into different arrays
  return before(whole.data(), part.data()) && before(part.data() + part.size(), whole.data() + whole.size());
}

}  // namespace

EntryReader::EntryReader(SharedBytes file, std::string label, Format format, const ArchiveLimits& limits)
    : file_(format == Format::kTar && is_gzip(file.bytes) ? gunzip(file.bytes, label, limits.bytes) : std::move(file)),
      label_(std::move(label)),
      format_(format),
      limits_(limits),
      archive_(archive_read_new(), archive_read_free) {
  if (!archive_) throw Error(ErrorCode::kResource, label_ + ": no memory to unpack it");
  if (format_ == Format::kTar) {
    archive_read_support_format_tar(archive_.get());
  } else {
    archive_read_support_format_zip_seekable(archive_.get());
  }
  const auto bytes = file_.bytes;
  if (!worked(archive_read_open_memory(archive_.get(), bytes.data(), bytes.size()))) library_failed();
}

EntryReader::~EntryReader() = default;

bool EntryReader::next() {
  while (true) {
    const int result = archive_read_next_header(archive_.get(), &entry_);
    if (result == ARCHIVE_EOF) return false;
    if (!worked(result)) library_failed();
    if (++entries_ > limits_.entries) {
      throw Error(ErrorCode::kResource, label_ + ": more than " + std::to_string(limits_.entries) + " entries");
    }
    const char* name = archive_entry_pathname(entry_);
    if (!name) name = archive_entry_pathname_utf8(entry_);
    name_ = name ? name : "";
    claimed_ = std::size_t(std::max<std::int64_t>(archive_entry_size(entry_), 0));
    count_bytes(name_.size());
    count_bytes(claimed_);  // also of what is passed over: it has to be unpacked all the same
    if (name_.empty()) malformed("has no name that can be read");
    if (archive_entry_filetype(entry_) == AE_IFDIR) continue;
    if (archive_entry_filetype(entry_) != AE_IFREG || archive_entry_hardlink(entry_)) {
      malformed("neither a file nor a folder");
    }
    return true;
  }
}

SharedBytes EntryReader::read() {
  if (format_ == Format::kZip) {
    const std::string method = archive_format_name(archive_.get());
    if (!method.ends_with("(uncompressed)") && !method.ends_with("(deflation)")) {
      malformed("packed as " + excerpt(method) + "; expected stored or deflated");
    }
  }
  SharedBytes in_place;
  std::vector<std::byte> content;
  for (std::size_t size = 0;;) {  // to the end: a zip's checksum is compared there
    const std::span<const std::byte> block = next_block(size);
    size += block.size();
    if (block.empty() ? size != claimed_ : size > claimed_) {
      malformed("does not have the " + std::to_string(claimed_) + " bytes that its header claims");
    }
    if (block.empty()) return content.empty() ? in_place : SharedBytes(std::move(content));
    if (block.size() == claimed_ && shows(file_.bytes, block)) {
      in_place = {file_.owner, block};
    } else {
      append(content, block, std::min(claimed_, 4 * file_.bytes.size()), label_);
    }
  }
}

// What comes next of an entry of which `expected` bytes are known; empty at its end.
std::span<const std::byte> EntryReader::next_block(std::size_t expected) {
  while (true) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int result = archive_read_data_block(archive_.get(), &block, &size, &offset);
    if (result == ARCHIVE_EOF) return {};
    if (result != ARCHIVE_OK) library_failed();  // of a wrong checksum it only warns
    if (size == 0) continue;
    if (offset < 0 || std::size_t(offset) != expected) malformed("has holes; expected a plain file");
    return {static_cast<const std::byte*>(block), size};
  }
}

void EntryReader::count_bytes(std::size_t more) {
  if (more > limits_.bytes - bytes_) {
    throw Error(ErrorCode::kResource, label_ + ": entry " + excerpt(name_) + ": unpacks to more than " +
                                          std::to_string(limits_.bytes) + " bytes in all");
  }
  bytes_ += more;
}

void EntryReader::malformed(const std::string& what) const {
  throw Error(ErrorCode::kMalformed, label_ + ": entry " + excerpt(name_) + ": " + what);
}

void EntryReader::library_failed() const {
  const char* text = archive_error_string(archive_.get());
  const std::string where = entries_ ? label_ + ": at or behind entry " + excerpt(name_) : label_;
  throw Error(ErrorCode::kMalformed, where + ": damaged, or no " + (format_ == Format::kTar ? "tar" : "zip") + ": " +
                                         excerpt(text ? text : "unknown reason"));
}

EntryWriter::EntryWriter(const std::string& path, Format format)
    : path_(path), archive_(archive_write_new(), archive_write_free) {
  archive* const a = archive_.get();
  if (format == Format::kZip) {
    check(archive_write_set_format_zip(a));
    check(archive_write_zip_set_compression_store(a));
  } else {
    check(archive_write_set_format_gnutar(a));
  }
  if (format == Format::kGzippedTar) {
    check(archive_write_add_filter_gzip(a));
    check(archive_write_set_filter_option(a, "gzip", "timestamp", nullptr));
  }
  check(archive_write_set_bytes_in_last_block(a, 1));
  check(archive_write_open_filename(a, path_.c_str()));
}

void EntryWriter::add(const std::string& name, std::initializer_list<std::span<const std::byte>> pieces) {
  std::size_t size = 0;
  for (const auto piece : pieces) size += piece.size();
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), la_int64_t(size));
  // A zip holds the local time: without one it is 1980-01-01 everywhere.
  if (archive_format(archive_.get()) != ARCHIVE_FORMAT_ZIP) archive_entry_set_mtime(entry.get(), kTime, 0);
  check(archive_write_header(archive_.get(), entry.get()));
  for (const auto piece : pieces) {
    for (std::size_t done = 0; done < piece.size();) {
      const la_ssize_t n = archive_write_data(archive_.get(), piece.data() + done, piece.size() - done);
      check(n);
      if (n == 0) throw Error(ErrorCode::kIo, path_ + ": cannot be written: nothing is taken any more");
      done += std::size_t(n);
    }
  }
  check(archive_write_finish_entry(archive_.get()));
}

void EntryWriter::close() { check(archive_write_close(archive_.get())); }

void EntryWriter::check(long result) const {
  if (result >= ARCHIVE_OK) return;
  const char* text = archive_error_string(archive_.get());
  throw Error(ErrorCode::kIo, path_ + ": cannot be written: " + (text ? text : "unknown reason"));
}

}  // namespace kvproof

// Fuzzes .dat files: what is read is written and read again as the same.
#include "engine/nnef/dat.h"

#include "engine/base/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  result_or_error([&] {
    const Constant constant = read_dat(fuzz_bytes(data, size), "fuzz");
    const std::vector<std::byte> written = write_dat(constant);
    KVPROOF_CHECK(read_dat(written, "written", constant.shape()) == constant);
    if (!constant.strings()) KVPROOF_CHECK(constant.tensor()->shape() == constant.shape());
  });
  return 0;
}

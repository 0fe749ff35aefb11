// A checkpoint is one model, whatever it is stored in; what predicts further tokens shows only if it is asked for.
#include "engine/model/checkpoint.h"

#include <gtest/gtest.h>

#include "engine/base/tests/temp_folder.h"
#include "engine/model/decoder.h"
#include "engine/model/tests/tiny_checkpoint.h"

namespace kvproof {
namespace {

using Names = std::vector<std::string>;

class Checkpoints : public testing::Test {
 protected:
  std::string folder(const TinyFolder& parts) const {
    write_folder(temporary_.path("folder"), parts);
    return temporary_.path("folder");
  }
  std::string file(const TinyGguf& parts) const {
    write_bytes(temporary_.path("m.GGUF"), parts.bytes());
    return temporary_.path("m.GGUF");
  }

 private:
  const TempFolder temporary_;
};

// What is left when the model is built.
Names unused(const std::string& path, MtpTensors mtp) {
  const Checkpoint checkpoint = open_checkpoint(path, mtp);
  (void)build_decoder(checkpoint.config, *checkpoint.weights);
  return checkpoint.weights->unused();
}

TEST_F(Checkpoints, OfBothFormsAreOneModel) {
  const Checkpoint from_folder = open_checkpoint(folder({})), from_file = open_checkpoint(file({}));
  ModelConfig config = from_file.config;
  EXPECT_EQ(float(config.rms_eps), float(from_folder.config.rms_eps));
  config.rms_eps = from_folder.config.rms_eps;  // GGUF has it as an f32
  EXPECT_EQ(config, from_folder.config);
  for (const TinyTensor& t : tiny_tensors()) {
    EXPECT_EQ(from_folder.weights->info(t.name).shape, from_file.weights->info(t.name).shape) << t.name;
  }
}

TEST_F(Checkpoints, HideWhatPredictsFurtherTokensInAFolder) {
  TinyFolder parts;
  for (const char* name : {"mtp.fc.weight", "model.mtp_layers.0.x.weight", "model.layers.0.mtp.weight",
                           "model.layers.1.x.weight", "model.layers.01.x.weight", "model.layersmtp.weight"}) {
    parts.weights.add(name, {1});
  }
  const Names beside{"model.layers.01.x.weight", "model.layersmtp.weight"};
  const Names own{"model.layers.01.x.weight", "model.layers.1.x.weight", "model.layersmtp.weight"};
  EXPECT_EQ(unused(folder(parts), MtpTensors::kHidden), own);
  EXPECT_EQ(unused(folder(parts), MtpTensors::kShown).size(), 6u);
  parts.config["num_nextn_predict_layers"] = 0;
  EXPECT_EQ(unused(folder(parts), MtpTensors::kHidden), own);
  parts.config["num_nextn_predict_layers"] = 1;
  EXPECT_EQ(unused(folder(parts), MtpTensors::kHidden), beside);
  EXPECT_EQ(unused(folder(parts), MtpTensors::kShown).size(), 6u);
}

TEST_F(Checkpoints, HideWhatPredictsFurtherTokensInAGgufFile) {
  TinyGguf parts;
  std::uint64_t offset = parts.tensors.back().offset + 32;
  for (const char* name : {"blk.1.attn_norm.weight", "blk.1.nextn.x.weight", "mtp.weight"}) {
    parts.tensors.push_back({name, {1}, 0, offset, Bytes(4)});
    offset += 32;
  }
  parts.key("llama.block_count") = 2;
  parts.keys.emplace_back("llama.nextn_predict_layers", 1);
  EXPECT_EQ(open_checkpoint(file(parts)).config.further_layers, 1);
  EXPECT_EQ(unused(file(parts), MtpTensors::kHidden), Names{});
  EXPECT_EQ(unused(file(parts), MtpTensors::kShown),
            (Names{"blk.1.nextn.x.weight", "model.layers.1.input_layernorm.weight", "mtp.weight"}));
}

TEST_F(Checkpoints, DoNotReadWhatIsHidden) {
  TinyFolder parts;
  parts.weights.add("mtp.codes", {8});
  parts.weights["mtp.codes"].type = "I32";
  EXPECT_EQ(unused(folder(parts), MtpTensors::kHidden), Names{});
  const std::string path = folder(parts);
  EXPECT_TRUE(gguf_refusal([&] { unused(path, MtpTensors::kShown); }).names("\"mtp.codes\" is of i32"));
}

}  // namespace
}  // namespace kvproof

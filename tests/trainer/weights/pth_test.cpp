#include "trainer/weights/pth.h"

#include <gtest/gtest.h>

#include <cstring>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "tests/trainer/weights/file_builders.h"
#include "tests/trainer/weights/python.h"

namespace skein::test {
namespace {

/// What reading these bytes complains about; empty when it does not.
std::string complaint_about(const std::string& contents) {
  const std::vector<char> exact(contents.begin(), contents.end());  // asan sees one byte too far
  try {
    const WeightFile file = read_weight_file("f.pth", std::as_bytes(std::span(exact)));
    unsigned sum = 0;
    for (const TensorRecord& tensor : file.tensors) {
      for (const std::byte byte : tensor.bytes) sum += std::to_integer<unsigned>(byte);
    }
    return sum == UINT32_MAX ? "unlikely" : "";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("f.pth: "), std::string::npos) << error.what();
    return error.what();
  }
}

std::string complaint_about_tensor(const TensorFragment& tensor) {
  return complaint_about(pth_file(program(dict(text("w") + tensor.pickle()))));
}

void expect_complaint(const std::string& complaint, const std::string& part) {
  EXPECT_NE(complaint.find(part), std::string::npos) << complaint;
}

const TensorFragment kMatrix{.shape = {2, 2}, .strides = {2, 1}};

TEST(Pth, ReadsAHandMadeFileWithAndWithoutZip64) {
  for (const bool zip64 : {false, true}) {
    const TemporaryFolder folder;
    const auto path = folder.write("f", pth_file(program(dict(text("w") + TensorFragment{{2}, {2}, 1}.pickle())),
                                                 {.zip64 = zip64, .comment = "a comment"}));
    const WeightFile file = open_weight_file(path);
    ASSERT_EQ(file.tensors.size(), 1u);
    EXPECT_EQ(file.tensors[0].name, "w");
    EXPECT_EQ(file.tensors[0].strides, std::vector<int64_t>{2});
    ASSERT_EQ(file.tensors[0].bytes.size(), 12u);
    float values[3];
    std::memcpy(values, file.tensors[0].bytes.data(), sizeof values);
    EXPECT_EQ(values[0], 2);
    EXPECT_EQ(values[2], 4);
  }
}

TEST(Pth, FindsTheStateDictInItsUsualWrappers) {
  for (const char* key : {"state_dict", "model", "model_state_dict"}) {
    const std::string inner = dict(text("w") + kMatrix.pickle());
    EXPECT_EQ(complaint_about(pth_file(program(dict(text("epoch") + integer(3) + text(key) + inner)))), "");
  }
  expect_complaint(complaint_about(pth_file(program(dict(text("epoch") + integer(3) + text("net") + "}")))),
                   "but 'epoch', 'net'");
  expect_complaint(complaint_about(pth_file(program(integer(3)))), "no dict of tensors");
}

TEST(Pth, RefusesEveryOtherGlobalAndOpcodeByName) {
  const std::string call = global("posix", "system") + "(" + text("touch /tmp/owned") + "tR";
  expect_complaint(complaint_about(pth_file(program(call))), "posix.system");
  expect_complaint(complaint_about(pth_file(program(global("builtins", "eval")))), "builtins.eval");
  expect_complaint(complaint_about(pth_file(program(global("torch", "load")))), "torch.load");
  expect_complaint(complaint_about(pth_file(program(global("torch.hub", "FloatStorage")))), "torch.hub.FloatStorage");
  expect_complaint(complaint_about(pth_file(program("(iposix\nsystem\n"))), "INST (0x69)");
  expect_complaint(complaint_about(pth_file(program("\x93"))), "STACK_GLOBAL (0x93)");
  expect_complaint(complaint_about(pth_file(program("\x01"))), "0x01");
  expect_complaint(complaint_about(pth_file("\x80\x04}.")), "protocol 4");
}

TEST(Pth, RefusesSenselessPickles) {
  for (const std::string body : {"R",      "t",
                                 "u",      "s",
                                 "a",      "e",
                                 "b",      "Q",
                                 "q\x01",  "h\x05",
                                 "(",      "(.",
                                 "N)R",    "}a",
                                 "]N",     "}(Nu",
                                 "]}b",    "}X\xff\xff\xff\xff",
                                 "ctorch", "\x8a\x09zzzzzzzzz",
                                 "}(N.u"}) {
    EXPECT_NE(complaint_about(pth_file(program(body))), "") << body;
  }
  EXPECT_NE(complaint_about(pth_file("\x80\x02}")), "") << "no STOP";
  expect_complaint(
      complaint_about(pth_file(program(dict(text("w") + kMatrix.pickle() + text("w") + kMatrix.pickle())))),
      "names 'w' twice");
  expect_complaint(complaint_about(pth_file(program(dict(text("w") + kMatrix.pickle() + text("v") + "N")))),
                   "'v' is no tensor");
}

TEST(Pth, SurvivesDeepNestingAndCycles) {
  std::string nested = "}(" + text("model");
  for (int depth = 0; depth < 1'000'000; ++depth) nested += "](";
  for (int depth = 0; depth < 1'000'000; ++depth) nested += "e";
  EXPECT_NE(complaint_about(pth_file(program(nested + "u"))), "");
  EXPECT_NE(complaint_about(pth_file(program("}q\x01(" + text("model") + "h\x01u"))), "") << "a dict in itself";
}

TEST(Pth, RefusesTensorsThatReachBeyondTheirStorage) {
  EXPECT_EQ(complaint_about_tensor(kMatrix), "");
  EXPECT_EQ(complaint_about_tensor({{2, 2}, {0, 0}, 3}), "") << "expanded";
  EXPECT_EQ(complaint_about_tensor({{0, 5}, {5, 1}, 4}), "") << "empty, at the end";
  EXPECT_EQ(complaint_about_tensor({{}, {}, 3}), "") << "scalar";
  expect_complaint(complaint_about_tensor({{2, 2}, {2, 1}, 1}), "'w' of shape [2, 2] reaches beyond its storage");
  expect_complaint(complaint_about_tensor({{5}, {1}}), "reaches beyond");
  expect_complaint(complaint_about_tensor({{2}, {4}}), "reaches beyond");
  expect_complaint(complaint_about_tensor({{}, {}, 4}), "reaches beyond");
  expect_complaint(complaint_about_tensor({{0}, {1}, 5}), "reaches beyond");
  expect_complaint(complaint_about_tensor({{2}, {INT32_MAX}}), "reaches beyond");
  expect_complaint(complaint_about_tensor({{INT32_MAX, INT32_MAX, 4}, {INT32_MAX, INT32_MAX, 1}}), "reaches beyond");
  expect_complaint(complaint_about_tensor({{2}, {-1}, 3}), "no proper offset");
  expect_complaint(complaint_about_tensor({{2}, {1}, -1}), "no proper offset");
  expect_complaint(complaint_about_tensor({{-2}, {1}}), "no proper offset");
  expect_complaint(complaint_about_tensor({{2, 2}, {1}}), "no proper offset");
  expect_complaint(complaint_about_tensor({{2}, {1}, 0, 5}), "wants a storage of 5 elements");
  expect_complaint(complaint_about_tensor({{2}, {1}, 0, 4, "DoubleStorage"}), "wants a storage of 4 elements");
  EXPECT_EQ(complaint_about_tensor({{2}, {1}, 0, 2, "DoubleStorage"}), "");
  expect_complaint(complaint_about_tensor({{2}, {1}, 0, 4, "ComplexFloatStorage"}), "torch.ComplexFloatStorage");
}

TEST(Pth, RefusesArchivesThatTorchDoesNotWrite) {
  const std::string pickle = program("}");
  EXPECT_EQ(complaint_about(pth_file(pickle)), "");
  expect_complaint(complaint_about(pth_file(pickle, {.method = 8})), "is compressed");
  expect_complaint(complaint_about(pth_file(pickle, {.flags = 1})), "is encrypted");
  std::string flipped = pth_file(program(dict(text("w") + kMatrix.pickle())));
  flipped[flipped.find("m/data/0") + 10] ^= 1;
  expect_complaint(complaint_about(flipped), "'m/data/0' fails its checksum");

  ZipBuilder other;
  other.add("m/readme", "x");
  expect_complaint(complaint_about(other.finish()), "without the data.pkl");
  ZipBuilder twice;
  twice.add("a/data.pkl", pickle);
  twice.add("b/data.pkl", pickle);
  expect_complaint(complaint_about(twice.finish()), "more than one data.pkl");
  ZipBuilder same;
  same.add("a/data.pkl", pickle);
  same.add("a/data.pkl", pickle);
  expect_complaint(complaint_about(same.finish()), "'a/data.pkl' twice");
  ZipBuilder script;
  script.add("m/constants.pkl", pickle);
  script.add("m/data.pkl", pickle);
  expect_complaint(complaint_about(script.finish()), "TorchScript");
  ZipBuilder big;
  big.add("m/data.pkl", pickle);
  big.add("m/byteorder", "big");
  expect_complaint(complaint_about(big.finish()), "big-endian");
  ZipBuilder no_storage;
  no_storage.add("m/data.pkl", program(dict(text("w") + kMatrix.pickle())));
  expect_complaint(complaint_about(no_storage.finish()), "lacks 'm/data/0'");
}

void expect_survival(const std::string& whole) {
  ASSERT_EQ(complaint_about(whole), "");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(complaint_about(whole.substr(0, length)), "") << "cut at " << length;
  }
  for (size_t position = 0; position < whole.size(); ++position) {
    for (const int flip : {0x01, 0x08, 0x40, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[position] = static_cast<char>(damaged[position] ^ flip);
      complaint_about(damaged);  // may still be valid; must not crash, throw otherwise or read outside
    }
  }
}

TEST(Pth, SurvivesEveryCutAndEveryFlippedByte) {
  const std::string pickle =
      program(dict(text("w") + kMatrix.pickle() + text("v") + TensorFragment{{2}, {2}}.pickle()));
  expect_survival(pth_file(pickle));
  expect_survival(pth_file(pickle, {.zip64 = true}));
}

/// The archive is built around the damaged pickle, so that no checksum stands before the pickle reader.
TEST(Pth, SurvivesEveryByteOfThePickleReplacedByEveryOther) {
  const std::string pickle = program(dict(text("w") + kMatrix.pickle()));
  for (size_t position = 0; position < pickle.size(); ++position) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = pickle;
      damaged[position] = static_cast<char>(value);
      complaint_about(pth_file(damaged));
    }
    EXPECT_NE(complaint_about(pth_file(pickle.substr(0, position))), "") << "cut at " << position;
  }
}

TEST(Pth, SaysHowToConvertTheFormatOfBefore1_6) {
  const std::string legacy = std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15) + "rest";
  expect_complaint(complaint_about(legacy), "python -c \"import torch; torch.save(torch.load('");
}

}  // namespace
}  // namespace skein::test

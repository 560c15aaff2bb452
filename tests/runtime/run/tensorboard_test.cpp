// Summaries of pictures, texts and parameters, read by the field numbers of TensorBoard's published .proto files.

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "runtime/run/event_file.h"
#include "runtime/run/run.h"
#include "runtime/run/tensorboard_summary.h"
#include "tests/support/directory_test.h"

namespace skein {
namespace {

using nlohmann::json;

/// The fields of a message: numbers as they stand, bytes as text; several of one number in order.
class Fields {
 public:
  explicit Fields(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const std::uint64_t key = varint(bytes, at);
      const int field = static_cast<int>(key >> 3);
      if ((key & 7) == 0) numbers_[field].push_back(static_cast<double>(varint(bytes, at)));
      if ((key & 7) == 1) numbers_[field].push_back(fixed<double>(bytes, at));
      if ((key & 7) == 5) numbers_[field].push_back(fixed<float>(bytes, at));
      if ((key & 7) != 2) continue;
      const std::uint64_t length = varint(bytes, at);
      texts_[field].push_back(bytes.substr(at, length));
      at += length;
    }
  }
  double number(int field) const { return numbers_.at(field).at(0); }
  bool has(int field) const { return numbers_.contains(field) || texts_.contains(field); }
  std::string text(int field) const { return texts_.at(field).at(0); }
  Fields message(int field) const { return Fields(text(field)); }
  const std::vector<std::string>& all(int field) const { return texts_.at(field); }

 private:
  static std::uint64_t varint(const std::string& bytes, std::size_t& at) {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes.at(at++));
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
  }
  template <class T>
  static T fixed(const std::string& bytes, std::size_t& at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    at += sizeof(T);
    return value;
  }
  std::map<int, std::vector<double>> numbers_;
  std::map<int, std::vector<std::string>> texts_;
};

/// The value of a summary.
Fields value_of(const ProtobufMessage& summary) {
  return Fields(summary.bytes()).message(1);
}

TEST(TensorBoardSummary, Picture) {
  const Fields value = value_of(image_summary("train/images", {"PNG bytes", 30, 20}));
  EXPECT_EQ(value.text(1), "train/images");
  const Fields image = value.message(4);
  EXPECT_EQ(image.number(1), 20);  // height
  EXPECT_EQ(image.number(2), 30);
  EXPECT_EQ(image.number(3), 3);
  EXPECT_EQ(image.text(4), "PNG bytes");
  EXPECT_FALSE(value.has(9)) << "metadata without a plugin: TensorBoard warns of it";
}

TEST(TensorBoardSummary, Text) {
  const Fields value = value_of(text_summary("command", "    trainer"));
  EXPECT_EQ(value.message(9).message(1).text(1), "text");
  const Fields tensor = value.message(8);
  EXPECT_EQ(tensor.number(1), 7);
  EXPECT_EQ(tensor.message(2).message(2).number(1), 1);
  EXPECT_EQ(tensor.text(8), "    trainer");
}

TEST(TensorBoardSummary, ParametersOfASession) {
  const json parameters = {{"lr", 0.25}, {"model", "resnet18"}, {"bf16", true}, {"weights", nullptr}, {"milestones", {1, 2}}};
  const Fields value = value_of(session_start_summary(parameters, "birds/r1", 100.5));
  EXPECT_EQ(value.text(1), "_hparams_/session_start_info");
  const Fields plugin = value.message(9).message(1);
  EXPECT_EQ(plugin.text(1), "hparams");
  const Fields session = plugin.message(2).message(3);
  EXPECT_EQ(session.text(4), "birds/r1");
  EXPECT_EQ(session.number(5), 100.5);
  std::map<std::string, Fields> read;
  for (const std::string& entry : session.all(1)) read.emplace(Fields(entry).text(1), Fields(entry).message(2));
  EXPECT_EQ(read.size(), 4u);
  EXPECT_EQ(read.at("lr").number(2), 0.25);
  EXPECT_EQ(read.at("model").text(3), "resnet18");
  EXPECT_EQ(read.at("bf16").number(4), 1);
  EXPECT_EQ(read.at("milestones").text(3), "[1,2]");
}

TEST(TensorBoardSummary, EndOfASession) {
  const auto status = [](RunState state) {
    return value_of(session_end_summary(state, 7)).message(9).message(1).message(2).message(4).number(1);
  };
  EXPECT_EQ(status(RunState::kCompleted), 1);
  EXPECT_EQ(status(RunState::kFailed), 2);
  EXPECT_EQ(status(RunState::kCanceled), 2);
  EXPECT_EQ(status(RunState::kPreempted), 3);
}

/// The events of a file, without checking checksums (event_file_test.cpp).
std::vector<Fields> events_of(const std::filesystem::path& file) {
  const std::string bytes = file_contents(file);
  std::vector<Fields> events;
  for (std::size_t at = 0; at < bytes.size();) {
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data() + at, 8);
    events.emplace_back(bytes.substr(at + 12, length));
    at += 16 + length;
  }
  return events;
}

class RunEventsTest : public DirectoryTest {
 protected:
  static std::vector<std::filesystem::path> files_of(const std::filesystem::path& run) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(run))
      if (entry.path().filename().string().starts_with("events.out.tfevents.")) files.push_back(entry.path());
    return files;
  }
};

TEST_F(RunEventsTest, ARunTellsOfItsCommandParametersPicturesAndEnd) {
  skein::Run run({.runs_dir = directory_, .run_id = "r"}, {{"command", {"trainer", "a b"}}, {"parameters", {{"lr", 0.1}}}});
  EXPECT_TRUE(run.has_event_file());
  run.log("val/loss", 2, 5, 0);
  run.log_picture("p", {"x", 1, 1}, 5);
  run.log_text("t", "words", 5);
  run.complete();
  const auto files = files_of(run.directory());
  ASSERT_EQ(files.size(), 1u);
  std::vector<std::string> tags;
  for (const Fields& event : events_of(files[0]))
    if (event.has(5)) tags.push_back(event.message(5).message(1).text(1));
  EXPECT_EQ(tags, (std::vector<std::string>{"command", "_hparams_/session_start_info", "val/loss", "p", "t",
                                            "_hparams_/session_end_info"}));
  EXPECT_EQ(events_of(files[0])[1].message(5).message(1).message(8).text(8), "    trainer 'a b'");
}

TEST_F(RunEventsTest, ARunThatGoesOnVoidsWhatCameLater) {
  RunOptions options{.runs_dir = directory_, .run_id = "r"};
  std::filesystem::path first;
  {
    skein::Run run(options, json::object());
    first = files_of(run.directory())[0];
    run.preempt("asked to");
  }
  options.continue_at_step = 7;
  const skein::Run again(options, json::object());
  for (const auto& file : files_of(again.directory())) {
    if (file == first) continue;
    const Fields restart = events_of(file)[1];
    EXPECT_EQ(restart.number(2), 8);
    EXPECT_EQ(restart.message(7).number(1), 1);
  }
  EXPECT_EQ(files_of(again.directory()).size(), 2u);
}

TEST_F(RunEventsTest, NoFileWhereNoneIsWanted) {
  skein::Run run({.runs_dir = directory_, .run_id = "r", .tensorboard = false}, {{"command", {"trainer"}}});
  EXPECT_FALSE(run.has_event_file());
  run.log("val/loss", 2, 5, 0);
  run.log_picture("p", {"x", 1, 1}, 5);
  run.log_text("t", "words", 5);
  run.complete();
  EXPECT_TRUE(files_of(run.directory()).empty());
}

}  // namespace
}  // namespace skein

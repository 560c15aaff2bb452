#include "trainer/data/pack/pack_writer.h"

#include <cstdio>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

namespace fs = std::filesystem;

namespace {

/// Each is an open file until all are published.
constexpr size_t kMaxShards = 500;

std::string shard_name(const fs::path& target, size_t number, size_t num_shards) {
  char ending[40];
  std::snprintf(ending, sizeof(ending), "-%05zu-of-%05zu", number, num_shards);
  return target.stem().string() + ending + target.extension().string();
}

}  // namespace

PackWriter::PackWriter(fs::path target, const PackRecipe& recipe, std::vector<std::string> classes,
                       StartsShard starts_shard)
    : target_(std::move(target)), starts_shard_(std::move(starts_shard)) {
  contents_.recipe = recipe;
  contents_.classes = std::move(classes);
  begin_shard();
}

void PackWriter::begin_shard() {
  if (files_.size() == kMaxShards)
    throw UsageError(concat(target_.string(), " would need more than ", kMaxShards, " shards"), "ask for larger shards");
  files_.push_back(std::make_unique<NewFile>(target_));
  file_bytes_ = 0;
  shard_contents_ = PackContents{};
  shard_contents_.recipe = contents_.recipe;
  shard_contents_.classes = contents_.classes;
}

void PackWriter::add(size_t index, const std::string& name, int64_t label, ImageSize dimensions,
                     std::span<const uint8_t> bytes, const Digest& digest) {
  if (starts_shard_ && file_bytes_ > 0 && starts_shard_(index, file_bytes_, bytes.size())) {
    end_shard();
    begin_shard();
  }
  files_.back()->write_at(kPackedBytesOffset + file_bytes_, bytes);
  file_bytes_ += bytes.size();
  contents_.add(name, label, dimensions, bytes.size(), digest);
  if (starts_shard_) shard_contents_.add(name, label, dimensions, bytes.size(), digest);
}

void PackWriter::end_shard() {
  finish_pack(*files_.back(), shard_contents_);
  files_.back()->sync();
  shards_.push_back({"", shard_contents_.num_bytes(), hex(content_digest(shard_contents_))});
}

void PackWriter::finish() {
  if (num_images() == 0) throw DataError(concat("nothing is left to put into ", target_.string()));
  if (!starts_shard_) {
    finish_pack(*files_.back(), contents_);
    return files_.back()->sync();
  }
  end_shard();
  for (size_t i = 0; i < shards_.size(); ++i) {
    shards_[i].file_name = shard_name(target_, i, shards_.size());
    files_[i]->retarget(folder_of(target_) / shards_[i].file_name);
  }
  joint_ = std::make_unique<NewFile>(target_);
  finish_joint_pack(*joint_, contents_, shards_);
  joint_->sync();
}

void PackWriter::publish() {
  for (const auto& file : files_) file->publish();
  if (joint_) joint_->publish();
}

std::vector<std::string> PackWriter::shard_names() const {
  std::vector<std::string> names;
  for (const PackShard& shard : shards_) names.push_back(shard.file_name);
  return names;
}

}  // namespace skein

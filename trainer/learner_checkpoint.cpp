// How a Learner is saved and goes on.

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "collectives/objects.h"
#include "runtime/options/compare_options.h"
#include "runtime/options/option.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/learner_state.h"
#include "trainer/parallel/sync_batch_norm.h"
#include "trainer/parallel/tensor_buffer.h"
#include "trainer/parallel/training_state.h"
#include "trainer/parallel/update_rule.h"

namespace skein {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kModel = "model.";
constexpr std::string_view kOptimizer = "optimizer.";
constexpr const char* kRankStates = "rank_states";
constexpr const char* kStartAfresh = "take its weights with --weights, or leave --resume out";

/// Throws DataError before anything is changed.
void load_model(const torch::nn::Module& module, const std::map<std::string, torch::Tensor>& tensors, const std::string& where) {
  const torch::NoGradGuard no_grad;
  const std::vector<NamedTensor> own = state_of(module);
  for (const NamedTensor& named : own) {
    const auto found = tensors.find(named.name);
    if (found == tensors.end() || found->second.sizes() != named.tensor.sizes())
      throw DataError(concat(where, " is of another model: ", named.name,
                             found == tensors.end() ? " is missing" : " has another shape"),
                      "give the same --model and data, or leave --resume out");
  }
  if (own.size() != tensors.size()) throw DataError(where + " is of another model", "give the same --model, or leave --resume out");
  for (const NamedTensor& named : own) torch::Tensor(named.tensor).copy_(tensors.at(named.name));
}

/// The settings in which a training goes on otherwise than it began; those that the checkpoint does not know are left out.
std::vector<std::string> changes_of(const json& before, const json& now) {
  std::vector<std::string> lines;
  for (const OptionDifference& change : compare_options(before, now))
    if (before.contains(option_key(change.flag)))
      lines.push_back(concat("goes on with ", change.flag, " ", change.right, " instead of ", change.left));
  return lines;
}

void check_fact(const json& facts, const json& own, const char* name, const std::string& where, const char* remedy) {
  if (facts.at(name) != own.at(name))
    throw DataError(concat(where, " is of a training with ", name, " ", facts.at(name).dump(), ", this one has ", own.at(name).dump()), remedy);
}

}  // namespace

json Learner::State::facts(const TrainingPosition& position, const std::string& data_fingerprint) const {
  return {{"position", to_json(position)},
          {"model", options.model},
          {"optimizer", rule_name(options.rule)},
          {"moving_average", options.moving_average.has_value()},
          {"compression", describe(options.compression)},
          {"optimizer_state", state_names(options.rule)},
          {"seed", options.seed},
          {"frozen", frozen_names(*model)},
          {"settings", json::parse(options.settings)},
          {"data", data_fingerprint}};
}

std::vector<torch::Tensor> Learner::State::rank_tensors() const {
  std::vector<torch::Tensor> tensors;
  for (const auto& item : model->named_buffers()) tensors.push_back(item.value());
  if (compression)
    for (const NamedTensor& named : compression->state()) tensors.push_back(named.tensor);
  return tensors;
}

torch::Tensor Learner::State::rank_state() const {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& tensor : rank_tensors()) parts.push_back(tensor.contiguous().flatten().view(torch::kUInt8));
  parts.push_back(at::detail::getDefaultCPUGenerator().get_state());
  return torch::cat(parts);
}

torch::Tensor Learner::State::mean_rank_state(const torch::Tensor& rank_states) const {
  torch::Tensor mean = rank_states[0].clone();
  std::int64_t begin = 0;
  for (const torch::Tensor& tensor : rank_tensors()) {
    const auto num_bytes = static_cast<std::int64_t>(tensor.nbytes());
    if (tensor.is_floating_point())
      mean.narrow(0, begin, num_bytes)
          .copy_(rank_states.narrow(1, begin, num_bytes).contiguous().view(tensor.scalar_type()).mean(0).view(torch::kUInt8));
    begin += num_bytes;
  }
  return mean;
}

void Learner::State::restore_rank_state(const torch::Tensor& rank_states) {
  const torch::NoGradGuard no_grad;
  const bool is_root = communicator->rank() == 0;
  torch::Tensor own = rank_state();
  std::array<std::int64_t, 2> shape{};  // ranks, bytes of each
  if (is_root) shape = {rank_states.size(0), rank_states.size(1)};
  communicator->broadcast({shape.data(), shape.size(), DType::kInt64}, 0, kRankStates);
  if (shape[1] != own.numel())
    throw DataError(concat("the checkpoint has ", shape[1], " bytes of each rank instead of ", own.numel()), kStartAfresh);
  const bool same_ranks = shape[0] == communicator->world_size();
  if (same_ranks)
    communicator->scatter(is_root ? as_buffer(rank_states) : Buffer{}, as_buffer(own), 0, kRankStates);
  else {
    if (is_root) own = mean_rank_state(rank_states);
    broadcast(*communicator, own, 0, kRankStates);
  }
  std::int64_t begin = 0;
  for (const torch::Tensor& tensor : rank_tensors()) {
    const auto num_bytes = static_cast<std::int64_t>(tensor.nbytes());
    std::memcpy(tensor.data_ptr(), own.data_ptr<std::uint8_t>() + begin, num_bytes);
    begin += num_bytes;
  }
  if (!same_ranks) return;
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  generator.set_state(own.narrow(0, begin, own.numel() - begin).clone());
}

TrainingPosition Learner::open_checkpoint(const fs::path& directory, std::shared_ptr<const Checkpoint> checkpoint,
                                          const std::string& data_fingerprint) try {
  const std::string where = directory.string();
  json facts = json::parse(checkpoint->facts);
  facts.emplace("compression", "none");  // before there was any
  const json own = state_->facts({}, data_fingerprint);
  facts.emplace("optimizer_state", own.at("optimizer_state"));
  facts.emplace("settings", json::object());
  facts.emplace("frozen", json::array());
  check_fact(facts, own, "model", where, "give the same --model, or leave --resume out");
  check_fact(facts, own, "optimizer", where, kStartAfresh);
  check_fact(facts, own, "optimizer_state", where, "give --momentum as before (0 keeps no state), or leave --resume out");
  check_fact(facts, own, "moving_average", where, "give --model-ema as before, or leave --resume out");
  check_fact(facts, own, "frozen", where, "give the same --freeze; or to train other layers from here on, take its weights with --weights");
  check_fact(facts, own, "compression", where, "give the same --compression and its options, or leave --resume out");
  check_fact(facts, own, "seed", where, "give the same --seed: the order of the images depends on it");
  if (facts.at("data") != own.at("data"))
    throw DataError(where + " is of a training on other data: files, sizes or classes differ", kStartAfresh);
  const TrainingPosition position = position_of(facts.at("position"));
  load_model(*state_->model, part_of(checkpoint->tensors, kModel), where);
  for (const std::string& change : changes_of(facts.at("settings"), own.at("settings"))) state_->notes.push_back(change);
  state_->opened = std::move(checkpoint);
  return position;
} catch (const json::exception& error) {
  throw DataError(concat(directory.string(), " is not a checkpoint of trainer: ", error.what()), kStartAfresh);
}

void Learner::connect(Communicator& communicator) {
  state_->communicator = &communicator;
  if (state_->options.sync_batch_norm) {
    std::vector<int> ranks(communicator.world_size());
    std::iota(ranks.begin(), ranks.end(), 0);
    state_->norm_communicator = communicator.split(ranks);
    synchronize_batch_norm(*state_->model, *state_->norm_communicator);
  }
  DistributedOptimizerOptions more;
  more.placement = state_->options.placement;
  more.groups = state_->parameter_groups;
  more.clip_norm = state_->options.clip_norm;
  more.moving_average = state_->options.moving_average;
  more.communication_hook = state_->compression;
  const std::shared_ptr<const Checkpoint> opened = std::exchange(state_->opened, nullptr);
  const json facts = json::parse(broadcast_object(communicator, opened ? opened->facts : "{}", 0));
  if (facts.contains("gradient_order")) more.gradient_order = facts["gradient_order"].get<std::vector<std::string>>();
  state_->optimizer = std::make_unique<DistributedOptimizer>(*state_->model, communicator, state_->options.rule, more);
  state_->note_compression();
  if (!facts.contains("position")) return;
  state_->optimizer->load_state(
      broadcast_tensor_map(communicator, opened ? part_of(opened->tensors, kOptimizer) : std::map<std::string, torch::Tensor>()));
  state_->restore_rank_state(opened ? opened->tensors.at(kRankStates) : torch::Tensor());
}

std::uint64_t Learner::model_bytes() const {
  std::uint64_t num_bytes = 0;
  for (const NamedTensor& named : state_of(*state_->model)) num_bytes += named.tensor.nbytes();
  return num_bytes;
}

void Learner::set_outputs(const fs::path& outputs, int keep_last, int keep_best) {
  state_->outputs = outputs;
  state_->writer = std::make_unique<CheckpointWriter>(outputs / "checkpoints", CheckpointPolicy{keep_last, keep_best});
}

void Learner::save_checkpoint(const TrainingPosition& position, const std::string& data_fingerprint, ModelFiles models,
                              std::optional<double> score) {
  Communicator& communicator = *state_->communicator;
  const torch::Tensor own = state_->rank_state();
  torch::Tensor rank_states = torch::empty({communicator.rank() == 0 ? communicator.world_size() : 0, own.numel()}, torch::kUInt8);
  communicator.gather(as_buffer(own), communicator.rank() == 0 ? as_buffer(rank_states) : Buffer{}, 0, "states of the ranks");
  const OptimizerState optimizer = state_->optimizer->state();
  if (communicator.rank() != 0) return;

  Checkpoint checkpoint;
  checkpoint.step = position.num_steps_done;
  checkpoint.score = score;
  json facts = state_->facts(position, data_fingerprint);
  facts["gradient_order"] = state_->parallel().gradient_order();
  checkpoint.facts = facts.dump();
  for (const NamedTensor& named : state_of(*state_->model))
    checkpoint.tensors[concat(kModel, named.name)] = named.tensor.clone();
  for (const auto& [name, tensor] : optimizer) checkpoint.tensors[concat(kOptimizer, name)] = tensor.clone();
  checkpoint.tensors[kRankStates] = rank_states;
  if (models == ModelFiles::kNone) return state_->writer->write(std::move(checkpoint));

  const std::map<std::string, std::string> metadata{{"format", "pt"}};
  const TensorFile model{part_of(checkpoint.tensors, kModel), metadata};
  TensorFile average = model;
  for (const auto& [name, tensor] : part_of(checkpoint.tensors, "optimizer.average.")) average.tensors[name] = tensor;
  const bool has_average = state_->options.moving_average.has_value();
  const bool is_best = models == ModelFiles::kLastAndBest;
  state_->writer->write(std::move(checkpoint),
                        [outputs = state_->outputs, model, average, has_average, is_best] {
                          write_tensor_file((outputs / "model.safetensors").string(), model);
                          if (is_best) write_tensor_file((outputs / "model_best.safetensors").string(), model);
                          if (has_average) write_tensor_file((outputs / "model_ema.safetensors").string(), average);
                        });
}

bool Learner::is_writing_checkpoint() const {
  return state_->writer && state_->writer->is_busy();
}

void Learner::wait_for_checkpoint() {
  if (state_->writer) state_->writer->wait();
}

}  // namespace skein

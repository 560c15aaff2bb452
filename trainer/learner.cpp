#include "trainer/learner.h"

#include <torch/torch.h>

#include <cmath>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/learner_state.h"
#include "trainer/models/autocast.h"
#include "trainer/models/memory_format.h"
#include "trainer/weights/module_weights.h"

namespace skein {

namespace {

/// Over the memory of `labels`.
torch::Tensor tensor_of(const std::vector<std::int64_t>& labels) {
  return torch::from_blob(const_cast<std::int64_t*>(labels.data()), {static_cast<std::int64_t>(labels.size())}, torch::kInt64);
}

std::vector<std::string> notes_of(const std::filesystem::path& file, const LoadReport& report) {
  std::vector<std::string> notes{concat("took ", report.num_loaded, " tensors from ", file.string())};
  for (const std::string& replaced : report.replaced)
    notes.push_back("left fresh, since the number of classes differs: " + replaced);
  return notes;
}

LoadOptions head_of(const LearnerOptions& options) {
  LoadOptions load;
  if (options.whole_weights) load.head = LoadOptions::Head::kExact;
  return load;
}

/// ResNet halves the sides five times.
bool is_single_value(const Batch& batch) {
  return batch.num_images == 1 && batch.height <= 32 && batch.width <= 32;
}

/// LibTorch's messages carry a stack of addresses that tells a user nothing.
template <class Call>
auto without_backtrace(Call&& call) {
  try {
    return call();
  } catch (const c10::Error& error) {
    throw Error(concat("LibTorch: ", error.what_without_backtrace()));
  }
}

}  // namespace

/// The loader's memory, without a copy: pixels are in channels_last order there.
torch::Tensor Learner::State::images(const Batch& batch) const {
  const std::int64_t height = batch.height;
  const std::int64_t width = batch.width;
  torch::Tensor images = torch::from_blob(batch.images.data(), {batch.num_images, 3, height, width},
                                          {height * width * 3, 1, width * 3, 3}, torch::kFloat32);
  return options.channels_last ? images : images.contiguous();
}

torch::Tensor Learner::State::logits(const Batch& batch) {
  const AutocastGuard autocast(c10::kCPU, c10::kBFloat16, options.bf16);
  return model->forward(images(batch)).to(torch::kFloat32);
}

torch::Tensor Learner::State::mean_loss(const torch::Tensor& logits, const torch::Tensor& labels) const {
  return torch::nn::functional::cross_entropy(
      logits, labels, torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(options.label_smoothing));
}

Tally Learner::State::tally(const torch::Tensor& logits, const torch::Tensor& labels, const torch::Tensor& loss) const {
  const torch::NoGradGuard no_grad;
  const auto top = std::get<1>(logits.topk(std::min<std::int64_t>(5, options.num_classes), 1));
  const torch::Tensor hits = top.eq(labels.unsqueeze(1));
  Tally tally;
  tally.num_images = static_cast<double>(labels.size(0));
  tally.loss = loss.item<double>() * tally.num_images;
  tally.correct = static_cast<double>(hits.select(1, 0).sum().item<std::int64_t>());
  tally.correct_top5 = static_cast<double>(hits.sum().item<std::int64_t>());
  return tally;
}

/// The most probable class is tally()'s, also where several are equally so.
void Learner::State::fill_scores(const torch::Tensor& logits, const torch::Tensor& labels, ImageScores& scores) const {
  scores.num_top = static_cast<int>(std::min<std::int64_t>(kMaxTopClasses, options.num_classes));
  const torch::Tensor classes = std::get<1>(logits.topk(scores.num_top, 1)).contiguous();
  const torch::Tensor log_probabilities = logits.log_softmax(1);
  const torch::Tensor probabilities = log_probabilities.gather(1, classes).exp().contiguous();
  const torch::Tensor losses = log_probabilities.gather(1, labels.unsqueeze(1)).neg().contiguous();
  scores.losses.assign(losses.data_ptr<float>(), losses.data_ptr<float>() + losses.numel());
  scores.top_classes.assign(classes.data_ptr<std::int64_t>(), classes.data_ptr<std::int64_t>() + classes.numel());
  scores.top_probabilities.assign(probabilities.data_ptr<float>(), probabilities.data_ptr<float>() + probabilities.numel());
}

Tally Learner::State::forward_backward(const Batch& batch, double weight) {
  const torch::Tensor labels = tensor_of(batch.labels);
  const torch::Tensor logits = this->logits(batch);
  if (batch.num_images == 0) {  // for the sake of SyncBatchNorm2d on the other ranks
    logits.sum().backward();
    return {};
  }
  torch::Tensor loss = mean_loss(logits, labels), heavier_labels = labels;
  if (!batch.mixed_labels.empty()) {
    const torch::Tensor mixed_labels = tensor_of(batch.mixed_labels);
    loss = loss * batch.own_share + mean_loss(logits, mixed_labels) * (1 - batch.own_share);
    if (batch.own_share < 0.5) heavier_labels = mixed_labels;
  }
  const double factor = weight * batch.num_images;
  (factor == 1 ? loss : loss * factor).backward();
  return tally(logits, heavier_labels, loss);
}

void Learner::State::note_compression() {
  if (!compression) return;
  if (communicator->topology().num_hosts() == 1) {
    const bool is_free = std::holds_alternative<WireTypeOptions>(options.compression);
    notes.push_back(concat("compression: ", describe(options.compression), ", but there is one host: ",
                           is_free ? "nothing is compressed" : "accuracy is lost and no link is relieved"));
    return;
  }
  const CompressedBytes bytes = compression->bytes();
  const auto megabytes = [](std::uint64_t num_bytes) { return concat(std::round(static_cast<double>(num_bytes) / 1e4) / 100, " MB"); };
  notes.push_back(concat("compression: ", describe(options.compression), "; of ", megabytes(bytes.gradients),
                         " of gradients each rank sends ", megabytes(bytes.messages), " a step"));
}

void Learner::State::set_training(bool training) {
  if (model->is_training() == training) return;
  model->train(training);
  if (training) set_norm_training(!options.freeze_norm);
}

void Learner::State::set_norm_training(bool training) {
  for (const auto& module : model->modules())
    if (auto* norm = module->as<torch::nn::BatchNorm2d>()) norm->train(training && !is_frozen(*norm));
}

Learner::Learner(const LearnerOptions& options) : state_(std::make_unique<State>()) {
  torch::set_num_threads(options.num_threads);
  torch::manual_seed(options.seed);
  state_->options = options;
  state_->compression = compression_hook(options.compression);
  state_->model = make_resnet(options.model, options.num_classes, {.zero_init_residual = options.zero_init_residual});
  if (options.weights)
    state_->notes = notes_of(*options.weights, load_weights(*state_->model, options.weights->string(), head_of(options)));
  if (options.channels_last) to_channels_last(*state_->model);
  freeze_parameters(*state_->model, options.groups.freeze);
  state_->parameter_groups = parameter_groups(*state_->model, options.rule, options.groups);
  for (const std::string& line : describe_groups(*state_->model, options.rule, options.groups)) state_->notes.push_back(line);
  state_->model->eval();
}

Learner::~Learner() = default;

const std::vector<std::string>& Learner::notes() const {
  return state_->notes;
}

void Learner::begin_step(double learning_rate, std::optional<double> momentum) {
  state_->set_training(true);
  state_->optimizer->set_learning_rate(learning_rate);
  for (std::size_t group = 0; momentum && group < state_->optimizer->num_groups(); ++group)
    set_momentum(state_->optimizer->options(group), *momentum);
}

Tally Learner::accumulate(const Batch* batch, double weight, bool is_last) {
  std::optional<DataParallel::NoSync> no_sync;
  if (!is_last) no_sync.emplace(state_->parallel());
  static const Batch no_images{.height = 64, .width = 64};
  if (batch == nullptr) batch = &no_images;
  const bool is_synchronized = state_->norm_communicator != nullptr;
  if (batch->num_images == 0 && !is_synchronized) {
    if (is_last) state_->parallel().synchronize();
    return {};
  }
  const bool lacks_statistics = is_single_value(*batch) && !state_->options.freeze_norm && !is_synchronized;
  if (lacks_statistics) state_->set_norm_training(false);
  const Tally tally = without_backtrace([&] { return state_->forward_backward(*batch, weight); });
  if (lacks_statistics) state_->set_norm_training(true);
  return tally;
}

double Learner::update(double gradient_scale) {
  return state_->optimizer->step(gradient_scale);
}

void Learner::skip_update() {
  state_->optimizer->skip();
}

void Learner::exchange_with_average() {
  state_->optimizer->exchange_with_average();
}

Tally Learner::evaluate(const Batch& batch, ImageScores* scores) {
  if (batch.num_images == 0) return {};
  const torch::NoGradGuard no_grad;
  state_->set_training(false);
  return without_backtrace([&] {
    const torch::Tensor labels = tensor_of(batch.labels);
    const torch::Tensor logits = state_->logits(batch);
    if (scores != nullptr) state_->fill_scores(logits, labels, *scores);
    return state_->tally(logits, labels, state_->mean_loss(logits, labels));
  });
}

void Learner::synchronize_buffers() {
  state_->parallel().synchronize_buffers();
}

void Learner::check_identical() {
  check_identical_values(*state_->communicator, state_of(*state_->model));
}

double Learner::take_exposed_seconds() {
  const double seconds = state_->parallel().stats().exposed_seconds;
  state_->parallel().reset_stats();
  return seconds;
}

std::string torch_version() {
  return TORCH_VERSION;
}

}  // namespace skein

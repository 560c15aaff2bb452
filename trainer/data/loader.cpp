#include "trainer/data/loader.h"

#include <algorithm>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

namespace {

constexpr size_t kNumSkippedNamed = 10;
constexpr int kMaxWorkers = 1024;

LoaderOptions checked(const LoaderOptions& options) {
  if (options.batch_size == 0) throw UsageError("the batch size is 0", "ask for at least one image");
  if (options.num_workers < 0 || options.num_workers > kMaxWorkers)
    throw UsageError(concat(options.num_workers, " loader workers"), concat("ask for 0 to ", kMaxWorkers));
  if (options.prefetch_batches < 1)
    throw UsageError(concat(options.prefetch_batches, " batches to prefetch"), "ask for at least 1");
  check(options.mix);
  return options;
}

}  // namespace

Loader::Loader(std::shared_ptr<const ImageSource> source, const LoaderOptions& options)
    : options_(checked(options)),
      pipeline_(std::move(source), options.transform, options.pixels),
      slots_(options.num_workers == 0 ? 1 : options.prefetch_batches + 1) {
  for (Slot& slot : slots_) slot.floats = AlignedFloats(items_per_batch() * pipeline_.floats_per_image());
  for (int i = 0; i < options.num_workers; ++i)
    workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

Loader::~Loader() = default;

size_t Loader::buffer_bytes() const {
  return slots_.size() * items_per_batch() * pipeline_.floats_per_image() * sizeof(float);
}

size_t Loader::num_batches() const {
  return (plan_.samples.size() + options_.batch_size - 1) / options_.batch_size;
}

void Loader::start(uint64_t epoch, const std::vector<size_t>& indices) {
  EpochPlan plan;
  plan.epoch = epoch;
  for (const size_t index : indices) plan.samples.push_back({index});
  start(std::move(plan));
}

void Loader::start(EpochPlan plan) {
  for (const Sample& sample : plan.samples)
    if (sample.image >= pipeline_.source().num_images())
      throw UsageError(concat("image ", sample.image, " of ", pipeline_.source().num_images(), " does not exist"));
  const size_t num_batches = (plan.samples.size() + options_.batch_size - 1) / options_.batch_size;
  if (mixes() && (plan.predecessors.size() != num_batches || plan.first_positions.size() != num_batches))
    throw UsageError("mixing needs to know the image before each batch", "start the loader with a sampler's plan");
  Lock lock(mutex_);
  next_item_ = num_items();  // nothing more of the old epoch is begun
  const Deadline deadline = Deadline::after(options_.timeout);
  if (!batch_progress_.wait_until(lock, deadline.time(), [this] { return num_in_flight_ == 0; }))
    throw TimeoutError("the storage does not deliver the last images of the epoch before", "check the file system");
  for (Slot& slot : slots_) slot.batch_number = kNoBatch;
  plan_ = std::move(plan);
  next_item_ = num_given_back_ = 0;
  holds_batch_ = false;
  error_ = nullptr;
  skipped_ = {};
  work_available_.notify_all();
}

const Batch* Loader::next() {
  if (error_) std::rethrow_exception(error_);
  Lock lock(mutex_);
  if (std::exchange(holds_batch_, false)) {
    ++num_given_back_;
    work_available_.notify_all();
  }
  if (num_given_back_ == num_batches()) return nullptr;
  try {
    Slot& slot = slot_of(num_given_back_);
    if (workers_.empty()) {
      while (can_claim()) prepare_one(lock, inline_scratch_);
    }
    wait_until_ready(lock, slot);
    return hand_out(slot);
  } catch (...) {
    error_ = std::current_exception();
    throw;
  }
}

void Loader::work(const std::stop_token& stop) {
  PipelineScratch scratch;
  Lock lock(mutex_);
  while (work_available_.wait(lock, stop, [this] { return can_claim(); }) && !stop.stop_requested())
    prepare_one(lock, scratch);
}

bool Loader::can_claim() const {
  return next_item_ < num_items() && next_item_ / items_per_batch() < num_given_back_ + slots_.size();
}

/// The lock is held at the start and at the end, not while the image is prepared.
void Loader::prepare_one(Lock& lock, PipelineScratch& scratch) {
  const size_t item = claim();
  lock.unlock();
  std::exception_ptr error = prepare(item, scratch);
  lock.lock();
  finish(lock, item, std::move(error));
}

size_t Loader::claim() {
  if (next_item_ % items_per_batch() == 0) open_slot(next_item_ / items_per_batch());
  ++num_in_flight_;
  return next_item_++;
}

void Loader::open_slot(size_t batch_number) {
  Slot& slot = slot_of(batch_number);
  const size_t begin = batch_number * options_.batch_size;
  const size_t count = std::min(options_.batch_size, plan_.samples.size() - begin);
  slot.batch_number = batch_number;
  slot.num_unfinished = count + (mixes() ? 2 : 0);
  slot.failures.clear();
  Batch& batch = slot.batch;
  batch.num_images = static_cast<int>(count);
  batch.height = batch.width = pipeline_.output_side();
  batch.images = {slot.floats.data(), count * pipeline_.floats_per_image()};
  batch.indices.clear();
  batch.labels.clear();
  batch.mixed_labels.clear();
  batch.own_share = 1.0f;
  for (size_t i = begin; i < begin + count; ++i) {
    batch.indices.push_back(plan_.samples[i].image);
    batch.labels.push_back(pipeline_.source().label(plan_.samples[i].image));
  }
}

/// The item behind a batch's images is the one before them, which they are mixed with.
const Sample& Loader::sample_of(size_t item) const {
  const size_t batch = item / items_per_batch(), position = item % items_per_batch();
  const size_t place = batch * options_.batch_size + position;
  const bool is_predecessor = position == options_.batch_size || place == plan_.samples.size();
  return is_predecessor ? plan_.predecessors[batch] : plan_.samples[place];
}

float* Loader::floats_of(size_t item) {
  return slot_of(item / items_per_batch()).floats.data() + item % items_per_batch() * pipeline_.floats_per_image();
}

std::exception_ptr Loader::prepare(size_t item, PipelineScratch& scratch) {
  try {
    const Sample& sample = sample_of(item);
    pipeline_.prepare({options_.seed, plan_.epoch, sample.image + sample.repeat * ImageKey::kMaxImages}, scratch, floats_of(item));
    return nullptr;
  } catch (...) {
    return std::current_exception();
  }
}

void Loader::finish(Lock& lock, size_t item, std::exception_ptr error) {
  Slot& slot = slot_of(item / items_per_batch());
  if (error) slot.failures.push_back({item % items_per_batch(), std::move(error)});
  if (--slot.num_unfinished == 1 && mixes()) {
    lock.unlock();
    mix(slot);
    lock.lock();
    --slot.num_unfinished;
  }
  --num_in_flight_;
  const bool all_is_done = num_in_flight_ == 0 && next_item_ == num_items();  // what start() waits for
  if (slot.num_unfinished == 0 || all_is_done) batch_progress_.notify_all();
}

/// An image whose predecessor cannot be read stays as it is.
void Loader::mix(Slot& slot) {
  Batch& batch = slot.batch;
  const ImageSize image_size{batch.width, batch.height};
  const Mix mix = draw_mix(options_.mix, image_size, options_.seed, plan_.epoch, plan_.first_positions[slot.batch_number]);
  const size_t floats_per_image = pipeline_.floats_per_image(), count = batch.indices.size();
  std::vector<bool> failed(count + 1);
  for (const Failure& failure : slot.failures) failed[failure.position] = true;
  batch.own_share = mix.own_share;
  batch.mixed_labels = batch.labels;
  for (size_t i = count; i-- > 0;) {  // backwards: the predecessor is not mixed yet
    const size_t before = i == 0 ? count : i - 1;
    if (failed[i] || failed[before]) continue;
    const int64_t predecessor_label = pipeline_.source().label(plan_.predecessors[slot.batch_number].image);
    batch.mixed_labels[i] = i == 0 ? predecessor_label : batch.labels[before];
    mix_image(mix, image_size, slot.floats.data() + i * floats_per_image, slot.floats.data() + before * floats_per_image);
  }
}

void Loader::wait_until_ready(Lock& lock, const Slot& slot) {
  const auto ready = [&] { return slot.batch_number == num_given_back_ && slot.num_unfinished == 0; };
  if (batch_progress_.wait_until(lock, Deadline::after(options_.timeout).time(), ready)) return;
  const size_t first = plan_.samples[num_given_back_ * options_.batch_size].image;
  throw TimeoutError(
      concat("batch ", num_given_back_, " of epoch ", plan_.epoch, " is not ready after ", options_.timeout.count() / 1000.0,
             " s; its first image is ", pipeline_.source().name(first)),
      "check the file system that holds the images");
}

const Batch* Loader::hand_out(Slot& slot) {
  std::sort(slot.failures.begin(), slot.failures.end(),
            [](const Failure& a, const Failure& b) { return a.position < b.position; });
  for (const Failure& failure : slot.failures) note_skipped(failure, slot.batch.indices.size());
  if (!slot.failures.empty()) leave_out_failed(slot);
  holds_batch_ = true;
  return &slot.batch;
}

/// Throws the error itself where the policy is to fail, and where it is not about an image. What was only to be mixed in is counted where it
/// is due.
void Loader::note_skipped(const Failure& failure, size_t num_images) {
  if (options_.unreadable == UnreadablePolicy::kFail) std::rethrow_exception(failure.error);
  try {
    std::rethrow_exception(failure.error);
  } catch (const DataError& unreadable) {
    if (failure.position >= num_images) return;
    ++skipped_.count;
    if (skipped_.first.size() < kNumSkippedNamed) skipped_.first.emplace_back(unreadable.what());
  }
}

void Loader::leave_out_failed(Slot& slot) {
  Batch& batch = slot.batch;
  const size_t floats_per_image = pipeline_.floats_per_image();
  size_t kept = 0, failed = 0;
  for (size_t position = 0; position < batch.indices.size(); ++position) {
    if (failed < slot.failures.size() && slot.failures[failed].position == position) {
      ++failed;
      continue;
    }
    if (kept != position) {
      std::copy_n(batch.images.data() + position * floats_per_image, floats_per_image,
                  batch.images.data() + kept * floats_per_image);
      batch.labels[kept] = batch.labels[position];
      if (mixes()) batch.mixed_labels[kept] = batch.mixed_labels[position];
      batch.indices[kept] = batch.indices[position];
    }
    ++kept;
  }
  batch.num_images = static_cast<int>(kept);
  batch.images = batch.images.first(kept * floats_per_image);
  batch.labels.resize(kept);
  if (mixes()) batch.mixed_labels.resize(kept);
  batch.indices.resize(kept);
}

}  // namespace skein

// The thread that writes checkpoints beside the training.

#include <pthread.h>

#include <atomic>
#include <csignal>
#include <exception>
#include <functional>
#include <thread>

#include "trainer/parallel/checkpoint.h"

namespace skein {

/// One for each checkpoint: minutes lie between them.
struct CheckpointWriter::Thread {
  std::thread thread;
  std::atomic<bool> is_done = true;
  std::exception_ptr failure;
};

CheckpointWriter::CheckpointWriter(std::filesystem::path folder, const CheckpointPolicy& policy)
    : folder_(std::move(folder)), policy_(policy), thread_(std::make_unique<Thread>()) {}

CheckpointWriter::~CheckpointWriter() {
  if (thread_->thread.joinable()) thread_->thread.join();
}

void CheckpointWriter::write(Checkpoint checkpoint, std::function<void()> also) {
  wait();
  thread_->is_done = false;
  sigset_t all, before;  // signals belong to the program's own threads
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_->thread = std::thread([this, checkpoint = std::move(checkpoint), also = std::move(also)] {
    try {
      if (also) also();
      write_checkpoint(folder_, checkpoint, policy_);
    } catch (...) {
      thread_->failure = std::current_exception();
    }
    thread_->is_done = true;
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void CheckpointWriter::wait() {
  if (thread_->thread.joinable()) thread_->thread.join();
  if (thread_->failure) std::rethrow_exception(std::exchange(thread_->failure, nullptr));
}

bool CheckpointWriter::is_busy() const {
  return !thread_->is_done;
}

}  // namespace skein

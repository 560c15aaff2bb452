#pragma once
// Owns an identifier of the HDF5 C library, and keeps the library to one thread and quiet.

#include <hdf5.h>

#include <mutex>
#include <utility>

namespace skein {

/// Closes with the function that fits the kind of object (H5Fclose, H5Gclose, ...).
class Hdf5Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }
  Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Hdf5Handle& operator=(Hdf5Handle&&) = delete;
  hid_t get() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

/// Debian's HDF5 is not thread safe: hold one of these around every use of the library, in any folder.
/// While it lives, the library prints no error stacks. Not recursive.
class Hdf5Session {
 public:
  Hdf5Session();
  ~Hdf5Session();
  Hdf5Session(const Hdf5Session&) = delete;
  Hdf5Session& operator=(const Hdf5Session&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
  H5E_auto2_t printer_ = nullptr;
  void* printer_data_ = nullptr;
};

}  // namespace skein

#include "trainer/data/import/idx_file.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <iomanip>
#include <memory>
#include <system_error>

#include "runtime/process/error.h"
#include "runtime/process/text.h"

namespace skein {

namespace {

constexpr uint32_t kImagesMagic = 0x00000803;  // unsigned bytes, three dimensions
constexpr uint32_t kLabelsMagic = 0x00000801;  // unsigned bytes, one dimension
constexpr size_t kChunkBytes = 1 << 20;
constexpr uint32_t kMaxSide = 1 << 15;

/// A file read from front to back, uncompressed on the way where it is compressed.
class IdxReader {
 public:
  explicit IdxReader(const std::filesystem::path& path) : path_(path), file_(::gzopen(path.c_str(), "rb")) {
    if (!file_) fail("cannot be opened", errno ? std::generic_category().message(errno) : "out of memory");
  }

  uint32_t read_number(const char* what) {
    uint8_t bytes[4];
    read(bytes, what);
    return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
  }

  void check_magic(uint32_t wanted, const char* kind) {
    const uint32_t magic = read_number("the magic number");
    if (magic == wanted) return;
    fail(concat("at byte 0: magic number ", hexadecimal(magic), ", but a file of ", kind, " has ", hexadecimal(wanted)),
         "");
  }

  /// Grows as it reads: a wrong size in the file must not claim memory that nothing fills.
  std::vector<uint8_t> read_bytes(uint64_t num_bytes, const char* what) {
    std::vector<uint8_t> bytes;
    while (bytes.size() < num_bytes) {
      const size_t done = bytes.size();
      bytes.resize(std::min<uint64_t>(num_bytes, done + kChunkBytes));
      read(std::span(bytes).subspan(done), what);
    }
    return bytes;
  }

  void check_end() {
    uint8_t byte;
    if (::gzread(file_.get(), &byte, 1) == 1)
      fail(concat("at byte ", offset_, ": there is more than its header announces"), "");
  }

  [[noreturn]] void fail(const std::string& what, const std::string& cause) const {
    throw DataError(concat("IDX file ", path_.string(), ": ", what, cause.empty() ? "" : ": ", cause),
                    "check that the file is the right one, and copy it again");
  }

 private:
  struct Close {
    void operator()(gzFile_s* file) const { ::gzclose(file); }
  };

  static std::string hexadecimal(uint32_t number) {
    return concat("0x", std::hex, std::setfill('0'), std::setw(8), number);
  }

  void read(std::span<uint8_t> bytes, const char* what) {
    const int count = ::gzread(file_.get(), bytes.data(), static_cast<unsigned>(bytes.size()));
    int code = Z_OK;
    const char* message = ::gzerror(file_.get(), &code);
    if (code != Z_OK && code != Z_BUF_ERROR) fail(concat("near byte ", offset_, ": ", what), message);
    if (count < static_cast<int>(bytes.size()))
      fail(concat("truncated at byte ", offset_ + std::max(count, 0), ", within ", what), "");
    offset_ += bytes.size();
  }

  std::filesystem::path path_;
  std::unique_ptr<gzFile_s, Close> file_;
  uint64_t offset_ = 0;
};

}  // namespace

IdxImages read_idx_images(const std::filesystem::path& path) {
  IdxReader reader(path);
  reader.check_magic(kImagesMagic, "pictures");
  IdxImages images;
  images.num_images = reader.read_number("the number of pictures");
  const uint32_t height = reader.read_number("the height"), width = reader.read_number("the width");
  if (height == 0 || width == 0 || height > kMaxSide || width > kMaxSide)
    reader.fail(concat("at byte 8: pictures of ", width, "x", height, " pixels"), "");
  images.height = static_cast<int>(height);
  images.width = static_cast<int>(width);
  images.pixels = reader.read_bytes(uint64_t{images.num_images} * height * width, "the pictures");
  reader.check_end();
  return images;
}

std::vector<uint8_t> read_idx_labels(const std::filesystem::path& path) {
  IdxReader reader(path);
  reader.check_magic(kLabelsMagic, "labels");
  const uint32_t num_labels = reader.read_number("the number of labels");
  std::vector<uint8_t> labels = reader.read_bytes(num_labels, "the labels");
  reader.check_end();
  return labels;
}

}  // namespace skein

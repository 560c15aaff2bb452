// Decoding with HuffmanDecoder against libjpeg by itself: the same pixels of sound pictures, the same verdict on damaged ones.

#include <csetjmp>
#include <cstring>

#include "data_test_support.h"
#include "jpeg_kinds.h"
#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/data/counter_random.h"
#include "trainer/data/image/decode.h"
#include "trainer/data/image/huffman.h"
// After jpeglib.h, whose configuration it needs:
#include <jerror.h>

namespace skein {
namespace {

using testing::JpegKind;
using testing::kJpegKinds;

struct ErrorState {
  jpeg_error_mgr manager;
  std::jmp_buf jump;
};

void leave(j_common_ptr info) {
  std::longjmp(reinterpret_cast<ErrorState*>(info->err)->jump, 1);
}

/// libjpeg, which stops at errors and at the warnings that tell of lost pixels; by itself or with a HuffmanDecoder.
class PlainDecoder {
 public:
  PlainDecoder() {
    info_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = leave;
    errors_.manager.emit_message = [](j_common_ptr info, int level) {
      const int code = info->err->msg_code;
      const bool loses = code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_MUST_RESYNC;
      if (level < 0 && loses) leave(info);
    };
    jpeg_create_decompress(&info_);
  }
  ~PlainDecoder() { jpeg_destroy_decompress(&info_); }
  PlainDecoder(const PlainDecoder&) = delete;
  PlainDecoder& operator=(const PlainDecoder&) = delete;

  /// False where the picture is damaged, or the HuffmanDecoder, if any, does not take it or gives it up. That one is told that only so many
  /// columns are wanted, without libjpeg knowing.
  bool decode(const std::vector<uint8_t>& bytes, HuffmanDecoder* own, RgbImage& image, int num_wanted = 65500) {
    if (setjmp(errors_.jump)) return false;
    jpeg_abort_decompress(&info_);
    jpeg_mem_src(&info_, bytes.data(), bytes.size());
    jpeg_read_header(&info_, TRUE);
    info_.out_color_space = info_.num_components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&info_);
    if (own != nullptr && !own->take_over(info_, 0, std::min(num_wanted, static_cast<int>(info_.output_width)))) return false;
    image.reshape({static_cast<int>(info_.output_width) * info_.num_components / 3 + 1, static_cast<int>(info_.output_height)});
    while (info_.output_scanline < info_.output_height) {
      uint8_t* row = image.row(static_cast<int>(info_.output_scanline));
      std::memset(row, 0, static_cast<size_t>(image.width()) * 3);
      jpeg_read_scanlines(&info_, &row, 1);
    }
    if (own == nullptr) jpeg_finish_decompress(&info_);
    return true;
  }

 private:
  jpeg_decompress_struct info_{};
  ErrorState errors_{};
};

bool are_same(const RgbImage& a, const RgbImage& b) {
  return a.dimensions() == b.dimensions() && std::equal(a.data(), a.data() + a.num_bytes(), b.data());
}

std::vector<JpegKind> many_kinds() {
  std::vector<JpegKind> kinds(std::begin(kJpegKinds), std::end(kJpegKinds));
  for (const bool own_codes : {false, true})
    for (const int quality : {1, 30, 75, 95, 100})
      for (const int noise : {0, 40, 250})
        kinds.push_back({.name = "420 of some quality", .input = JCS_RGB, .horizontal = 2, .vertical = 2, .quality = quality, .own_codes = own_codes, .noise = noise});
  return kinds;
}

TEST(Huffman, SoundPicturesAreTheSame) {
  PlainDecoder plain;
  HuffmanDecoder own;  // one, whose tables change from picture to picture
  RgbImage expected, image;
  for (const JpegKind& kind : many_kinds()) {
    for (const auto& [width, height] : {std::pair{203, 158}, std::pair{64, 64}, std::pair{17, 130}, std::pair{1, 1}}) {
      const auto bytes = testing::encode(kind, width, height);
      const std::string what = concat(kind.name, " ", kind.quality, " ", kind.noise, " ", kind.own_codes, " ", width, "x", height);
      ASSERT_TRUE(plain.decode(bytes, nullptr, expected)) << what;
      ASSERT_EQ(plain.decode(bytes, &own, image), !kind.progressive) << what;
      ASSERT_TRUE(kind.progressive || are_same(image, expected)) << what;
      ASSERT_EQ(plain.decode(bytes, &own, image, 1), !kind.progressive) << what;
    }
  }
}

/// One change behind the headers: a bit, a byte, a byte less, two more of which the first begins a marker or seems to.
void damage(std::vector<uint8_t>& bytes, size_t begin, CounterRandom& random) {
  const auto place = static_cast<std::ptrdiff_t>(begin + random.below(static_cast<uint32_t>(bytes.size() - begin)));
  const auto any = static_cast<uint8_t>(random.below(256));
  switch (random.below(5)) {
    case 0: bytes[place] ^= static_cast<uint8_t>(1u << random.below(8)); break;
    case 1: bytes[place] = any; break;
    case 2: bytes.erase(bytes.begin() + place); break;
    case 3: bytes.insert(bytes.begin() + place, {0xFF, any}); break;
    default: bytes.insert(bytes.begin() + place, {0xFF, static_cast<uint8_t>(0xD0 + any % 10)}); break;
  }
}

size_t begin_of_scan(const std::vector<uint8_t>& bytes) {
  constexpr uint8_t kStartOfScan[] = {0xFF, 0xDA};
  return static_cast<size_t>(std::search(bytes.begin(), bytes.end(), kStartOfScan, kStartOfScan + 2) - bytes.begin()) + 14;
}

TEST(Huffman, TheVerdictOnDamageIsLibjpegs) {
  PlainDecoder plain;
  ImageDecoder decoder;
  RgbImage expected, image;
  int num_sound = 0, num_damaged = 0;
  const JpegKind kinds[] = {{.name = "444", .input = JCS_RGB, .horizontal = 1, .vertical = 1, .noise = 100},
                            {.name = "420 restarts", .input = JCS_RGB, .horizontal = 2, .vertical = 2, .restart_rows = 1}};
  for (const JpegKind& kind : kinds) {
    const auto whole = testing::encode(kind, 90, 70);
    for (uint64_t i = 0; i < 4000; ++i) {
      CounterRandom random(3, 0, i, RandomPurpose::kPlacement);
      std::vector<uint8_t> bytes = whole;
      damage(bytes, begin_of_scan(whole), random);
      const bool is_sound = plain.decode(bytes, nullptr, expected);
      (is_sound ? num_sound : num_damaged) += 1;
      bool is_read = true;
      try {
        decoder.open(bytes, "test");
        decoder.decode({0, 0, 90, 70}, 1, image);
      } catch (const DataError&) {
        is_read = false;
      }
      ASSERT_EQ(is_read, is_sound) << kind.name << ", damage " << i;
      for (int y = 0; is_sound && y < 70; ++y) ASSERT_TRUE(std::equal(image.row(y), image.row(y) + 270, expected.row(y))) << kind.name << ", damage " << i;
    }
  }
  EXPECT_GT(num_sound, 1000);
  EXPECT_GT(num_damaged, 1000);
}

}  // namespace
}  // namespace skein

#pragma once
// What HuffmanDecoder is made of; not for use elsewhere. The codes of a JPEG's Huffman table, and the bits they are found in.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>  // jpeglib.h needs FILE and size_t
#include <cstring>

#include <jpeglib.h>

namespace skein {

/// One symbol, found by its code: a run of zeros and the number of bits of the value behind the code. Those of a DC table have no run.
struct HuffmanSymbol {
  uint32_t packed;

  // Runs that lead beyond every block:
  static constexpr int kEndOfBlock = 64;
  static constexpr int kNoCode = 65;
  static constexpr int kSixteenZeros = 80;

  int length() const { return static_cast<int>(packed & 63); }  ///< in bits: the code and the value
  int code_length() const { return static_cast<int>(packed >> 8 & 63); }
  int run() const { return static_cast<int>(packed >> 24); }
  /// Reads the value: `ahead` holds the bits to come, the code's first one on top. Not where the value has no bits.
  int value(uint64_t ahead) const {
    // ITU-T T.81, F.2.2.1: a value whose first bit is 0 is negative, and its bits are those of its magnitude inverted.
    const uint64_t bits = ahead << code_length();
    const uint64_t inverted = ~(static_cast<int64_t>(bits) >> 63);
    return static_cast<int>(((bits ^ inverted) >> (packed >> 16 & 63) ^ inverted) - inverted);
  }

  bool has_value() const { return length() != code_length(); }
};

/// The codes of one table of a JPEG. Those of a length count upwards, and those of greater lengths follow (T.81, annex C).
class HuffmanTable {
 public:
  static constexpr int kMaxSymbolLength = 16 + 11;  ///< code and value: 8-bit pixels have no coefficients of more than 11 bits

  enum class Kind { kDc, kAc };
  /// Valid tables only, as libjpeg has checked them. Takes no time where it is the one that was built last. False where a symbol is longer than
  /// kMaxSymbolLength.
  bool build(const JHUFF_TBL& table, Kind kind);

  HuffmanSymbol find(uint64_t ahead) const {
    const HuffmanSymbol symbol = symbols_[ahead >> (64 - kLookupBits)];
    return symbol.packed != 0 ? symbol : find_long(ahead);
  }

  /// Several AC symbols at once, to be gone past unread.
  struct Stride {
    uint16_t packed;
    int length() const { return packed & 63; }
    int num_coefficients() const { return packed >> 6 & 127; }  ///< the end of the block not counted
    bool ends_block() const { return packed >> 13 != 0; }
  };
  static constexpr int kStrideBits = 11;
  static constexpr int kMaxStrideLength = kStrideBits + 15;  ///< the last value lies behind the bits that are looked up
  Stride find_stride(uint64_t ahead) const { return strides_[ahead >> (64 - kStrideBits)]; }

 private:
  static constexpr int kLookupBits = 10, kMaxCodeLength = 16;

  HuffmanSymbol make_symbol(int code_length, uint8_t byte) const;
  HuffmanSymbol find_long(uint64_t ahead) const;
  void fill_symbols();
  Stride make_stride(uint64_t ahead) const;

  std::array<HuffmanSymbol, 1 << kLookupBits> symbols_{};  ///< by the next bits; 0: the code is longer
  std::array<Stride, 1 << kStrideBits> strides_{};
  std::array<uint32_t, kMaxCodeLength + 1> first_code_{}, end_code_{};  ///< by length
  std::array<int, kMaxCodeLength + 1> first_number_{};
  JHUFF_TBL table_{};
  Kind kind_ = Kind::kDc;
  int longest_ = 0;  ///< symbol; 0: nothing is built
};

/// Bits from memory, first the highest of each byte. Reads up to kPadding bytes behind the last one.
class BitReader {
 public:
  static constexpr size_t kPadding = DCTSIZE2 * HuffmanTable::kMaxSymbolLength / 8 + 2 * 8;  ///< a block that is not there, and what is read ahead
  static constexpr int kMinAhead = 56;

  BitReader() = default;
  BitReader(const uint8_t* begin, const uint8_t* end) : next_(begin), end_(end) {}

  /// Afterwards at least kMinAhead bits are ahead.
  void refill() {
    // F. Giesen, "Reading bits in far too many ways", part 2, 2018, variant 4: without a branch.
    uint64_t word;
    std::memcpy(&word, next_, sizeof(word));
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    ahead_ |= word >> count_;
    next_ += (63 - count_) >> 3;
    count_ |= kMinAhead;
  }
  uint64_t ahead() const { return ahead_; }
  void skip(int count) {
    ahead_ <<= count;
    count_ -= count;
  }
  /// How many bits are left. Negative: so many more were read than there are.
  std::ptrdiff_t num_left() const { return (end_ - next_) * 8 + count_; }

 private:
  const uint8_t* next_ = nullptr;
  const uint8_t* end_ = nullptr;
  uint64_t ahead_ = 0;  ///< the next bits, from the top
  int count_ = 0;       ///< how many of them are counted as read from `next_`
};

}  // namespace skein

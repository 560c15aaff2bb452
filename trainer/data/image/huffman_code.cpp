#include "trainer/data/image/huffman_code.h"

#include <algorithm>

namespace skein {

namespace {

constexpr HuffmanSymbol pack(int code_length, int num_value_bits, int run) {
  return {static_cast<uint32_t>(code_length + num_value_bits) | static_cast<uint32_t>(code_length) << 8 |
          static_cast<uint32_t>((64 - num_value_bits) & 63) << 16 | static_cast<uint32_t>(run) << 24};
}

constexpr HuffmanTable::Stride pack_stride(int length, int num_coefficients, bool ends_block) {
  return {static_cast<uint16_t>(length | num_coefficients << 6 | (ends_block ? 1 << 13 : 0))};
}

}  // namespace

bool HuffmanTable::build(const JHUFF_TBL& table, Kind kind) {
  const auto same = [](const auto& a, const auto& b) { return std::equal(std::begin(a), std::end(a), std::begin(b)); };
  if (longest_ > 0 && same(table.bits, table_.bits) && same(table.huffval, table_.huffval)) return longest_ <= kMaxSymbolLength;
  table_ = table;
  kind_ = kind;
  fill_symbols();
  if (kind == Kind::kAc)
    for (uint64_t i = 0; i < strides_.size(); ++i) strides_[i] = make_stride(i << (64 - kStrideBits));
  return longest_ <= kMaxSymbolLength;
}

HuffmanSymbol HuffmanTable::make_symbol(int code_length, uint8_t byte) const {
  if (kind_ == Kind::kDc) return pack(code_length, byte, 0);
  const int run = byte >> 4, num_value_bits = byte & 15;
  if (num_value_bits > 0) return pack(code_length, num_value_bits, run);
  return pack(code_length, 0, run == 15 ? HuffmanSymbol::kSixteenZeros : HuffmanSymbol::kEndOfBlock);
}

void HuffmanTable::fill_symbols() {
  symbols_.fill({0});
  longest_ = 0;
  uint32_t code = 0;
  int number = 0;
  for (int length = 1; length <= kMaxCodeLength; ++length, code <<= 1) {
    first_code_[length] = code;
    first_number_[length] = number;
    for (int i = 0; i < table_.bits[length]; ++i, ++code, ++number) {
      const HuffmanSymbol symbol = make_symbol(length, table_.huffval[number]);
      longest_ = std::max(longest_, symbol.length());
      if (length > kLookupBits) continue;
      const int num_bits_behind = kLookupBits - length;
      std::fill_n(&symbols_[static_cast<size_t>(code) << num_bits_behind], size_t{1} << num_bits_behind, symbol);
    }
    end_code_[length] = code;
  }
}

HuffmanSymbol HuffmanTable::find_long(uint64_t ahead) const {
  for (int length = kLookupBits + 1; length <= kMaxCodeLength; ++length) {
    const auto code = static_cast<uint32_t>(ahead >> (64 - length));
    if (code < end_code_[length]) return make_symbol(length, table_.huffval[first_number_[length] + static_cast<int>(code - first_code_[length])]);
  }
  return pack(0, 0, HuffmanSymbol::kNoCode);
}

/// As many symbols as the looked up bits tell the codes of; of the last one the value may lie behind them. None where already the first code
/// does.
HuffmanTable::Stride HuffmanTable::make_stride(uint64_t ahead) const {
  int length = 0, num_coefficients = 0;
  while (length < kStrideBits) {
    const HuffmanSymbol symbol = symbols_[ahead << length >> (64 - kLookupBits)];
    if (symbol.packed == 0 || length + symbol.code_length() > kStrideBits) break;
    if (symbol.run() == HuffmanSymbol::kEndOfBlock) return pack_stride(length + symbol.length(), num_coefficients, true);
    const int more = symbol.run() == HuffmanSymbol::kSixteenZeros ? 16 : symbol.run() + 1;
    if (num_coefficients + more >= DCTSIZE2) break;
    length += symbol.length();
    num_coefficients += more;
  }
  return pack_stride(length, num_coefficients, false);
}

}  // namespace skein

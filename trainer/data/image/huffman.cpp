#include "trainer/data/image/huffman.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "trainer/data/image/huffman_code.h"

// jpeg_entropy_decoder, whose decode_mcu is replaced. Not all distributions install the header; the structure has been the same in all releases
// of libjpeg-turbo.
#if __has_include(<jpegint.h>)
#include <jpegint.h>
#else
struct jpeg_entropy_decoder {
  void (*start_pass)(j_decompress_ptr info);
  boolean (*decode_mcu)(j_decompress_ptr info, JBLOCKROW* blocks);
  boolean insufficient_data;
};
#endif

namespace skein {

namespace {

using Symbol = HuffmanSymbol;

/// Where the coefficients of a block, numbered as they are coded, lie row by row (T.81, figure A.6).
constexpr std::array<uint8_t, DCTSIZE2> kNaturalOrder{
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/// Of a run that leads beyond the block: false unless all zeros of a long run fit; then `k` is behind them.
inline bool take_long_run(int run, int& k) {
  k += 16 - run;
  return run == Symbol::kSixteenZeros && k <= DCTSIZE2;
}

inline bool decode_dc(BitReader& reader, const HuffmanTable& table, uint32_t& dc) {
  reader.refill();
  const Symbol symbol = table.find(reader.ahead());
  if (symbol.run() == Symbol::kNoCode) return false;
  if (symbol.has_value()) dc += static_cast<uint32_t>(symbol.value(reader.ahead()));
  reader.skip(symbol.length());
  return true;
}

// Both return false where a code does not exist or leads beyond the block.

/// Writes those coefficients that are not 0.
inline bool decode_ac(BitReader& reader, const HuffmanTable& table, JCOEF* block) {
  constexpr int kSymbolsPerRefill = 2;
  static_assert(kSymbolsPerRefill * HuffmanTable::kMaxSymbolLength <= BitReader::kMinAhead);
  int k = 1;
  while (true) {
    reader.refill();
    for (int i = 0; i < kSymbolsPerRefill; ++i) {
      const uint64_t ahead = reader.ahead();
      const Symbol symbol = table.find(ahead);
      reader.skip(symbol.length());
      k += symbol.run();
      if (k < DCTSIZE2)
        block[kNaturalOrder[k++]] = static_cast<JCOEF>(symbol.value(ahead));
      else if (!take_long_run(symbol.run(), k))
        return symbol.run() == Symbol::kEndOfBlock;
      if (k == DCTSIZE2) return true;
    }
  }
}

inline bool skip_ac(BitReader& reader, const HuffmanTable& table) {
  static_assert(HuffmanTable::kMaxStrideLength + HuffmanTable::kMaxSymbolLength <= BitReader::kMinAhead);
  int k = 1;
  while (true) {
    reader.refill();
    const HuffmanTable::Stride stride = table.find_stride(reader.ahead());
    if (k + stride.num_coefficients() < DCTSIZE2) {  // else what follows the block may be in it
      reader.skip(stride.length());
      k += stride.num_coefficients();
      if (stride.ends_block()) return true;
      if (stride.length() > 0) continue;
    }
    const Symbol symbol = table.find(reader.ahead());
    reader.skip(symbol.length());
    k += symbol.run();
    if (k < DCTSIZE2)
      ++k;
    else if (!take_long_run(symbol.run(), k))
      return symbol.run() == Symbol::kEndOfBlock;
    if (k == DCTSIZE2) return true;
  }
}

}  // namespace

struct HuffmanDecoder::State {
  std::array<HuffmanTable, NUM_HUFF_TBLS> dc_tables, ac_tables;
  const uint8_t* source = nullptr;      ///< what is not unstuffed yet
  const uint8_t* source_end = nullptr;
  std::vector<uint8_t> interval;        ///< without stuffed bytes, up to the next marker, and the reader's padding
  BitReader reader;
  std::array<uint32_t, MAX_COMPS_IN_SCAN> last_dc{};
  unsigned num_restarts = 0, units_before_restart = 0;
  JDIMENSION column = 0, first_wanted = 0, last_wanted = 0;  ///< in minimum coded units (MCU)
  bool gave_up = false;

  static boolean decode_mcu(j_decompress_ptr info, JBLOCKROW* blocks);
  bool decode_unit(const jpeg_decompress_struct& info, JBLOCKROW* blocks);
  template <bool kIsWanted>
  bool decode_blocks(const jpeg_decompress_struct& info, JBLOCKROW* blocks);
  void start_interval();
  bool restart();
};

/// Takes the place of libjpeg's function of that name. `blocks`: null where the whole row is skipped.
boolean HuffmanDecoder::State::decode_mcu(j_decompress_ptr info, JBLOCKROW* blocks) {
  State& state = *static_cast<State*>(info->client_data);
  if (state.decode_unit(*info, blocks)) return TRUE;
  state.gave_up = true;
  info->err->error_exit(reinterpret_cast<j_common_ptr>(info));
  return FALSE;
}

bool HuffmanDecoder::State::decode_unit(const jpeg_decompress_struct& info, JBLOCKROW* blocks) {
  if (info.restart_interval != 0) {
    if (units_before_restart == 0) {
      if (!restart()) return false;
      units_before_restart = info.restart_interval;
    }
    --units_before_restart;
  }
  const bool is_wanted = blocks != nullptr && column >= first_wanted && column <= last_wanted;
  column = column + 1 < info.MCUs_per_row ? column + 1 : 0;
  return is_wanted ? decode_blocks<true>(info, blocks) : decode_blocks<false>(info, blocks);
}

template <bool kIsWanted>
bool HuffmanDecoder::State::decode_blocks(const jpeg_decompress_struct& info, JBLOCKROW* blocks) {
  BitReader bits = reader;  // in registers
  for (int i = 0; i < info.blocks_in_MCU; ++i) {
    const int member = info.MCU_membership[i];
    const jpeg_component_info& component = *info.cur_comp_info[member];
    if (!decode_dc(bits, dc_tables[component.dc_tbl_no], last_dc[member])) return false;
    const HuffmanTable& ac_table = ac_tables[component.ac_tbl_no];
    if constexpr (kIsWanted) {
      (*blocks[i])[0] = static_cast<JCOEF>(last_dc[member]);
      if (!decode_ac(bits, ac_table, *blocks[i])) return false;
    } else if (!skip_ac(bits, ac_table)) {
      return false;
    }
    if (bits.num_left() < 0) return false;
  }
  reader = bits;
  return true;
}

/// Of the source what lies before the next marker.
void HuffmanDecoder::State::start_interval() {
  interval.resize(std::max(interval.size(), static_cast<size_t>(source_end - source) + BitReader::kPadding));
  uint8_t* out = interval.data();
  while (source < source_end) {
    const void* found = std::memchr(source, 0xFF, static_cast<size_t>(source_end - source));
    const uint8_t* marker = found != nullptr ? static_cast<const uint8_t*>(found) : source_end;
    out = std::copy(source, marker, out);
    source = marker;
    if (source_end - source < 2 || source[1] != 0) break;
    *out++ = 0xFF;
    source += 2;
  }
  std::fill_n(out, BitReader::kPadding, uint8_t{0});
  reader = BitReader(interval.data(), out);
  last_dc.fill(0);
}

/// Goes past the restart marker that is due. False where another comes, or some of the interval is left.
bool HuffmanDecoder::State::restart() {
  constexpr unsigned kNumRestartMarkers = 8;
  const auto expected = static_cast<uint8_t>(JPEG_RST0 + num_restarts++ % kNumRestartMarkers);
  if (reader.num_left() >= 8 || source_end - source < 2 || source[1] != expected) return false;
  source += 2;
  start_interval();
  return true;
}

HuffmanDecoder::HuffmanDecoder() : state_(std::make_unique<State>()) {}
HuffmanDecoder::~HuffmanDecoder() = default;

bool HuffmanDecoder::gave_up() const {
  return state_->gave_up;
}

bool HuffmanDecoder::take_over(jpeg_decompress_struct& info, int left, int width) {
  State& state = *state_;
  state.gave_up = false;
  const bool is_sequential = info.Ss == 0 && info.Se == DCTSIZE2 - 1 && info.Ah == 0 && info.Al == 0 && info.progressive_mode == FALSE;
  if (!is_sequential || info.arith_code != FALSE || info.data_precision != 8 || jpeg_has_multiple_scans(&info) != FALSE) return false;
  for (int i = 0; i < info.comps_in_scan; ++i) {
    const int dc = info.cur_comp_info[i]->dc_tbl_no, ac = info.cur_comp_info[i]->ac_tbl_no;
    if (!state.dc_tables[dc].build(*info.dc_huff_tbl_ptrs[dc], HuffmanTable::Kind::kDc) ||
        !state.ac_tables[ac].build(*info.ac_huff_tbl_ptrs[ac], HuffmanTable::Kind::kAc))
      return false;
  }
  const int blocks_across = info.comps_in_scan == 1 ? 1 : info.max_h_samp_factor;
  const int unit_width = blocks_across * DCTSIZE * static_cast<int>(info.scale_num) / static_cast<int>(info.scale_denom);
  state.column = 0;
  state.first_wanted = static_cast<JDIMENSION>(left / unit_width);
  state.last_wanted = static_cast<JDIMENSION>((left + width - 1) / unit_width);
  state.source = info.src->next_input_byte;
  state.source_end = state.source + info.src->bytes_in_buffer;
  state.start_interval();
  state.num_restarts = 0;
  state.units_before_restart = info.restart_interval;
  info.client_data = &state;
  info.entropy->decode_mcu = State::decode_mcu;
  return true;
}

}  // namespace skein

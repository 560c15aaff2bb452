#include "trainer/weights/pickle.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/weights/byte_reader.h"
#include "trainer/weights/pickle_opcodes.h"

namespace skein {
namespace {

using Kind = PickleValue::Kind;
using Index = PickleValue::Index;

constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr size_t kMaxBytes = 16 << 20;  // 100 times a large model's; bounds the memory that a hostile file can claim

/// The stack machine that a pickle is a program for.
class Unpickler {
 public:
  Unpickler(const std::string& path, std::span<const std::byte> bytes,
            const std::function<bool(std::string_view)>& allowed)
      : path_(path), reader_(bytes, path, "its pickle"), allowed_(allowed) {}

  PickleDocument run() {
    if (reader_.num_left() > kMaxBytes) refuse("has a pickle that is too large for a state dict");
    while (true) {
      const auto opcode = reader_.number<uint8_t>();
      if (opcode == static_cast<uint8_t>(Opcode::kStop)) break;
      step(opcode);
    }
    document_.root = pop();
    return std::move(document_);
  }

 private:
  void step(uint8_t code) {
    if (!step_constant(static_cast<Opcode>(code)) && !step_container(static_cast<Opcode>(code))) {
      refuse(concat("uses the pickle opcode ", opcode_name(code), ", which no state dict needs"));
    }
  }

  bool step_constant(Opcode opcode) {
    switch (opcode) {
      case Opcode::kProto:
        return check_protocol(), true;
      case Opcode::kNone:
        return push({.kind = Kind::kNone}), true;
      case Opcode::kNewTrue:
        return push({.kind = Kind::kBool, .integer = 1}), true;
      case Opcode::kNewFalse:
        return push({.kind = Kind::kBool}), true;
      case Opcode::kBinInt:
        return push_integer(reader_.number<int32_t>()), true;
      case Opcode::kBinInt1:
        return push_integer(reader_.number<uint8_t>()), true;
      case Opcode::kBinInt2:
        return push_integer(reader_.number<uint16_t>()), true;
      case Opcode::kLong1:
        return push_long(), true;
      case Opcode::kBinFloat:
        return reader_.take(8), push({.kind = Kind::kFloat}), true;
      case Opcode::kBinUnicode:
        return push_text(reader_.number<uint32_t>()), true;
      case Opcode::kGlobal:
        return push_global(), true;
      case Opcode::kBinPut:
        return put(reader_.number<uint8_t>()), true;
      case Opcode::kLongBinPut:
        return put(reader_.number<uint32_t>()), true;
      case Opcode::kBinGet:
        return get(reader_.number<uint8_t>()), true;
      case Opcode::kLongBinGet:
        return get(reader_.number<uint32_t>()), true;
      default:
        return false;
    }
  }

  bool step_container(Opcode opcode) {
    switch (opcode) {
      case Opcode::kMark:
        return marks_.push_back(stack_.size()), true;
      case Opcode::kEmptyDict:
        return push({.kind = Kind::kDict}), true;
      case Opcode::kEmptyList:
        return push({.kind = Kind::kList}), true;
      case Opcode::kEmptyTuple:
        return push({.kind = Kind::kTuple}), true;
      case Opcode::kTuple:
        return push_tuple(num_above_mark()), true;
      case Opcode::kTuple1:
        return push_tuple(1), true;
      case Opcode::kTuple2:
        return push_tuple(2), true;
      case Opcode::kTuple3:
        return push_tuple(3), true;
      case Opcode::kAppend:
        return extend(Kind::kList, 1), true;
      case Opcode::kAppends:
        return extend(Kind::kList, num_above_mark()), true;
      case Opcode::kSetItem:
        return extend(Kind::kDict, 2), true;
      case Opcode::kSetItems:
        return extend(Kind::kDict, num_above_mark()), true;
      case Opcode::kReduce:
        return call(), true;
      case Opcode::kBuild:
        return set_attributes(), true;
      case Opcode::kBinPersId:
        return push({.kind = Kind::kPersistentId, .items = pop_many(1)}), true;
      default:
        return false;
    }
  }

  void check_protocol() {
    const int protocol = reader_.number<uint8_t>();
    if (protocol != 2) refuse(concat("uses pickle protocol ", protocol, "; torch.save writes protocol 2"));
  }

  void push_long() {
    const auto digits = reader_.take(reader_.number<uint8_t>());
    if (digits.size() > sizeof(int64_t)) refuse("holds an integer of more than 64 bits");
    uint64_t value = 0;
    for (size_t i = 0; i < digits.size(); ++i) value |= std::to_integer<uint64_t>(digits[i]) << (8 * i);
    const bool negative = !digits.empty() && (digits.back() & std::byte{0x80}) != std::byte{0};
    if (negative && digits.size() < sizeof value) value |= ~uint64_t{0} << (8 * digits.size());
    push_integer(static_cast<int64_t>(value));
  }

  void push_text(size_t num_bytes) { push({.kind = Kind::kString, .text = std::string(reader_.text(num_bytes))}); }

  void push_global() {
    const std::string_view module = reader_.line();
    std::string name = concat(module, ".", reader_.line());
    if (name != kOrderedDict && !allowed_(name)) {
      refuse(concat("needs the Python object ", name, ", which no state dict needs"));
    }
    push({.kind = Kind::kGlobal, .text = std::move(name)});
  }

  void push_tuple(size_t num_items) { push({.kind = Kind::kTuple, .items = pop_many(num_items)}); }

  void call() {
    const Index arguments = pop();
    const Index callee = pop();
    if (at(callee).kind != Kind::kGlobal || at(arguments).kind != Kind::kTuple) refuse("calls what is no function");
    if (at(callee).text != kOrderedDict) {
      push({.kind = Kind::kCall, .text = at(callee).text, .items = {arguments}});
    } else if (at(arguments).items.empty()) {
      push({.kind = Kind::kDict});
    } else {
      refuse("builds an OrderedDict from arguments");
    }
  }

  void set_attributes() {
    pop();
    if (stack_.empty() || at(stack_.back()).kind != Kind::kDict) refuse("sets attributes of what is no dict");
  }

  void extend(Kind kind, size_t num_items) {
    const auto added = pop_many(num_items);
    if (stack_.empty() || at(stack_.back()).kind != kind) refuse("adds items to what cannot have them");
    if (kind == Kind::kDict && num_items % 2 != 0) refuse("holds a dict with a key that has no value");
    auto& items = document_.values[stack_.back()].items;
    items.insert(items.end(), added.begin(), added.end());
  }

  void put(uint32_t key) {
    if (stack_.empty()) refuse("has a damaged pickle");
    memo_[key] = stack_.back();
  }

  void get(uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) refuse("has a damaged pickle");
    stack_.push_back(found->second);
  }

  void push_integer(int64_t value) { push({.kind = Kind::kInt, .integer = value}); }

  void push(PickleValue value) {
    stack_.push_back(static_cast<Index>(document_.values.size()));
    document_.values.push_back(std::move(value));
  }

  Index pop() { return pop_many(1).front(); }

  /// What was pushed last comes last. Never reaches below the topmost mark.
  std::vector<Index> pop_many(size_t num_items) {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() < floor + num_items) refuse("has a damaged pickle");
    std::vector<Index> items(stack_.end() - static_cast<std::ptrdiff_t>(num_items), stack_.end());
    stack_.resize(stack_.size() - num_items);
    return items;
  }

  /// Removes the topmost mark.
  size_t num_above_mark() {
    if (marks_.empty()) refuse("has a damaged pickle");
    const size_t num_items = stack_.size() - marks_.back();
    marks_.pop_back();
    return num_items;
  }

  const PickleValue& at(Index index) const { return document_.values[index]; }

  [[noreturn]] void refuse(const std::string& what) const {
    throw DataError(
        concat(path_, ": ", what),
        concat("if you trust the file, keep its tensors alone: python -c \"import torch; m = torch.load('", path_,
               "', weights_only=False); torch.save(getattr(m, 'state_dict', lambda: m)(), 'weights.pth')\""));
  }

  const std::string& path_;
  ByteReader reader_;
  const std::function<bool(std::string_view)>& allowed_;
  PickleDocument document_;
  std::vector<Index> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, Index> memo_;
};

}  // namespace

PickleDocument read_pickle(const std::string& path, std::span<const std::byte> bytes,
                           const std::function<bool(std::string_view)>& allowed) {
  return Unpickler(path, bytes, allowed).run();
}

}  // namespace skein

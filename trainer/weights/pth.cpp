#include "trainer/weights/pth.h"

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/process/error.h"
#include "runtime/process/text.h"
#include "trainer/weights/pickle.h"
#include "trainer/weights/zip_archive.h"

namespace skein {
namespace {

using Kind = PickleValue::Kind;
using Bytes = std::span<const std::byte>;

constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr std::string_view kStorageModule = "torch.";
constexpr std::string_view kPickleEntry = "/data.pkl";

bool begins_with(Bytes bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin(),
                                                    [](char a, std::byte b) { return static_cast<std::byte>(a) == b; });
}

std::optional<ElementType> storage_type(std::string_view global) {
  if (!global.starts_with(kStorageModule)) return std::nullopt;
  return element_type_of_storage(global.substr(kStorageModule.size()));
}

bool allowed(std::string_view global) {
  return global == kRebuildTensor || global == kRebuildParameter || storage_type(global);
}

/// Turns the symbols of the pickle into tensors over the bytes of the archive.
class StateDictReader {
 public:
  StateDictReader(const std::string& path, Bytes bytes) : path_(path), archive_(path, bytes), folder_(find_folder()) {
    check_byte_order();
    document_ = read_pickle(path_, archive_.read(folder_ + std::string(kPickleEntry)), allowed);
  }

  std::vector<TensorRecord> read() const {
    const auto& items = find_state_dict().items;
    std::vector<TensorRecord> tensors;
    std::set<std::string> names;
    for (size_t i = 0; i < items.size(); i += 2) {
      const PickleValue& key = document_[items[i]];
      if (key.kind != Kind::kString) refuse("has a state dict with a key that is no text");
      if (!names.insert(key.text).second) refuse(concat("names '", key.text, "' twice"));
      tensors.push_back(read_tensor(key.text, document_[items[i + 1]]));
    }
    return tensors;
  }

 private:
  /// Everything lies in one folder, whose name is that of the file when it was saved.
  std::string find_folder() const {
    std::string folder;
    for (const auto& [name, entry] : archive_.entries()) {
      if (name.ends_with("/constants.pkl")) {
        refuse("is a TorchScript program; save the state dict of the model instead");
      }
      if (!name.ends_with(kPickleEntry)) continue;
      if (!folder.empty()) refuse("holds more than one data.pkl");
      folder = name.substr(0, name.size() - kPickleEntry.size());
    }
    if (folder.empty()) refuse("is a zip archive without the data.pkl that torch.save writes");
    return folder;
  }

  void check_byte_order() const {
    const std::string entry = folder_ + "/byteorder";  // files of before PyTorch 2.1 have none
    if (archive_.contains(entry) && !begins_with(archive_.read(entry), "little")) {
      refuse("was saved by a big-endian machine");
    }
  }

  bool is_tensor(const PickleValue& value) const { return value.kind == Kind::kCall; }

  bool holds_a_tensor(const PickleValue& dict) const {
    for (size_t i = 1; i < dict.items.size(); i += 2) {
      if (is_tensor(document_[dict.items[i]])) return true;
    }
    return false;
  }

  /// The root, or what is wrapped in it.
  const PickleValue& find_state_dict() const {
    const PickleValue& root = document_[document_.root];
    if (root.kind != Kind::kDict) refuse("holds no dict of tensors");
    if (root.items.empty() || holds_a_tensor(root)) return root;
    std::string keys;
    for (size_t i = 0; i < root.items.size(); i += 2) {
      const PickleValue& key = document_[root.items[i]];
      const PickleValue& value = document_[root.items[i + 1]];
      const bool wrapper = key.text == "state_dict" || key.text == "model" || key.text == "model_state_dict";
      if (key.kind == Kind::kString && wrapper && value.kind == Kind::kDict) return value;
      keys += concat(keys.empty() ? "'" : ", '", key.text, "'");
    }
    refuse(concat("holds no dict of tensors, alone or as 'state_dict' or 'model', but ", keys));
  }

  TensorRecord read_tensor(const std::string& name, const PickleValue& value) const {
    const auto reject = [&](const std::string& what) { refuse(concat("'", name, "' ", what)); };
    const PickleValue* tensor = &value;
    if (is_tensor(*tensor) && tensor->text == kRebuildParameter) {
      const auto& arguments = document_[tensor->items[0]].items;
      if (arguments.empty()) reject("is a damaged parameter");
      tensor = &document_[arguments[0]];
    }
    if (!is_tensor(*tensor) || tensor->text != kRebuildTensor) reject("is no tensor");
    // storage, offset, shape, strides, requires_grad, hooks; what may follow changes the meaning of the bytes
    const auto& arguments = document_[tensor->items[0]].items;
    if (arguments.size() != 6) reject("is a damaged tensor, or a conjugate or negative view");
    TensorRecord record{.name = name};
    const Bytes storage = read_storage(name, document_[arguments[0]], record.type);
    const auto offset = whole_number(document_[arguments[1]]);
    const auto shape = whole_numbers(document_[arguments[2]]);
    const auto strides = whole_numbers(document_[arguments[3]]);
    if (!offset || !shape || !strides || shape->size() != strides->size())
      reject("has no proper offset, shape, strides");
    record.shape = *shape;
    record.strides = *strides;
    const auto extent = extent_bytes(record);
    const size_t element = element_bytes(record.type);
    if (!extent || *offset > storage.size() / element || *extent > storage.size() - *offset * element) {
      reject(
          concat("of shape ", shape_text(record.shape), " reaches beyond its storage of ", storage.size(), " bytes"));
    }
    record.bytes = storage.subspan(*offset * element, *extent);
    return record;
  }

  /// A storage is the persistent id ("storage", torch.FloatStorage, key, device, number of elements).
  Bytes read_storage(const std::string& name, const PickleValue& value, ElementType& type) const {
    const auto damaged = [&] { refuse(concat("'", name, "' has no proper storage")); };
    if (value.kind != Kind::kPersistentId || document_[value.items[0]].kind != Kind::kTuple) damaged();
    const auto& id = document_[value.items[0]].items;
    if (id.size() != 5 || document_[id[0]].text != "storage" || document_[id[1]].kind != Kind::kGlobal) damaged();
    const PickleValue& key = document_[id[2]];
    const auto found = storage_type(document_[id[1]].text);
    const auto num_elements = whole_number(document_[id[4]]);
    if (!found || key.kind != Kind::kString || !num_elements) damaged();
    type = *found;
    const Bytes bytes = storage_bytes(key.text);
    if (*num_elements != bytes.size() / element_bytes(type) || bytes.size() % element_bytes(type) != 0) {
      refuse(
          concat("'", name, "' wants a storage of ", *num_elements, " elements; there are ", bytes.size(), " bytes"));
    }
    return bytes;
  }

  /// Tensors that share a storage have its checksum verified once.
  Bytes storage_bytes(const std::string& key) const {
    const auto known = storages_.find(key);
    if (known != storages_.end()) return known->second;
    return storages_[key] = archive_.read(folder_ + "/data/" + key);
  }

  std::optional<uint64_t> whole_number(const PickleValue& value) const {
    if (value.kind != Kind::kInt || value.integer < 0) return std::nullopt;
    return static_cast<uint64_t>(value.integer);
  }

  std::optional<std::vector<int64_t>> whole_numbers(const PickleValue& tuple) const {
    if (tuple.kind != Kind::kTuple) return std::nullopt;
    std::vector<int64_t> numbers;
    for (const auto item : tuple.items) {
      if (!whole_number(document_[item])) return std::nullopt;
      numbers.push_back(document_[item].integer);
    }
    return numbers;
  }

  [[noreturn]] void refuse(const std::string& what) const {
    throw DataError(concat(path_, ": ", what), "save it again with torch.save(model.state_dict(), ...)");
  }

  const std::string& path_;
  ZipArchive archive_;
  std::string folder_;
  PickleDocument document_;
  mutable std::map<std::string, Bytes> storages_;
};

[[noreturn]] void refuse_legacy(const std::string& path) {
  throw DataError(concat(path, ": was saved in the format of before PyTorch 1.6"),
                  concat("convert it: python -c \"import torch; torch.save(torch.load('", path,
                         "', map_location='cpu', weights_only=True), 'weights.pth')\""));
}

}  // namespace

bool looks_like_zip(Bytes bytes) {
  return begins_with(bytes, std::string_view("PK\x03\x04", 4));
}

bool looks_like_legacy_pth(Bytes bytes) {
  // The pickled number 0x1950a86a20f9469cfc6c, in protocol 2.
  return begins_with(bytes, std::string_view("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15));
}

WeightFile read_pth(const std::string& path, Bytes bytes) {
  if (looks_like_legacy_pth(bytes)) refuse_legacy(path);
  return {.path = path, .format = "pth", .tensors = StateDictReader(path, bytes).read()};
}

}  // namespace skein

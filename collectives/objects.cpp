#include "collectives/objects.h"

#include <cstdint>
#include <numeric>

namespace skein {
namespace {

Buffer bytes_of(std::string& text) {
  return {text.data(), text.size(), DType::kUInt8};
}

std::vector<std::size_t> gather_lengths(Communicator& communicator, std::size_t mine) {
  std::uint64_t length = mine;
  std::vector<std::uint64_t> lengths(communicator.world_size());
  communicator.allgather({&length, 1, DType::kUInt64}, {lengths.data(), lengths.size(), DType::kUInt64},
                         "object lengths");
  return {lengths.begin(), lengths.end()};
}

std::string room_for(const std::vector<std::size_t>& lengths) {
  return std::string(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}), '\0');
}

std::vector<std::string> cut(const std::string& all, const std::vector<std::size_t>& lengths) {
  std::vector<std::string> objects;
  std::size_t begin = 0;
  for (const std::size_t length : lengths) {
    objects.push_back(all.substr(begin, length));
    begin += length;
  }
  return objects;
}

}  // namespace

std::string broadcast_object(Communicator& communicator, const std::string& object, int root) {
  std::uint64_t length = object.size();
  communicator.broadcast({&length, 1, DType::kUInt64}, root, "object length");
  std::string result = communicator.rank() == root ? object : std::string(length, '\0');
  communicator.broadcast(bytes_of(result), root, "object");
  return result;
}

std::vector<std::string> allgather_objects(Communicator& communicator, const std::string& object) {
  const std::vector<std::size_t> lengths = gather_lengths(communicator, object.size());
  std::string mine = object;
  std::string all = room_for(lengths);
  communicator.allgather(bytes_of(mine), bytes_of(all), "objects", lengths);
  return cut(all, lengths);
}

std::vector<std::string> gather_objects(Communicator& communicator, const std::string& object, int root) {
  const std::vector<std::size_t> lengths = gather_lengths(communicator, object.size());
  std::string mine = object;
  const bool is_root = communicator.rank() == root;
  std::string all = is_root ? room_for(lengths) : "";
  communicator.gather(bytes_of(mine), bytes_of(all), root, "objects", lengths);
  return is_root ? cut(all, lengths) : std::vector<std::string>{};
}

}  // namespace skein

#include "trainer/parallel/gather_texts.h"

#include <cstdint>
#include <cstring>

namespace skein {

std::vector<std::string> gather_texts(Communicator& communicator, const std::string& mine) {
  std::uint64_t longest = mine.size();
  communicator.allreduce({&longest, 1, DType::kUInt64}, ReduceOp::kMax, "text length");
  const std::size_t block = sizeof(std::uint64_t) + longest;
  std::vector<char> own(block, '\0');
  const std::uint64_t length = mine.size();
  std::memcpy(own.data(), &length, sizeof length);
  mine.copy(own.data() + sizeof length, mine.size());
  std::vector<char> all(block * communicator.world_size());
  communicator.allgather({own.data(), block, DType::kUInt8}, {all.data(), all.size(), DType::kUInt8}, "texts");
  std::vector<std::string> texts;
  for (int rank = 0; rank < communicator.world_size(); ++rank) {
    const char* from = all.data() + rank * block;
    std::uint64_t their_length = 0;
    std::memcpy(&their_length, from, sizeof their_length);
    texts.emplace_back(from + sizeof their_length, their_length);
  }
  return texts;
}

}  // namespace skein

#include "trainer/parallel/allocation.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "tests/support/directory_test.h"

namespace skein {
namespace {

class ForgetStartup : public DirectoryTest {
 protected:
  static constexpr std::size_t kBytes = 64 << 10;

  void SetUp() override {
    DirectoryTest::SetUp();
    write_text(directory_ / "code", std::string(kBytes, 'c'));
  }
  /// As the loader maps code; touched.
  char* code_with_first_byte(char first) const {
    const int file = open((directory_ / "code").c_str(), O_RDONLY | O_CLOEXEC);
    void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    close(file);
    auto* const code = static_cast<char*>(memory);
    if (code[0] != first) code[0] = first;  // as a debugger does
    mprotect(memory, kBytes, PROT_READ | PROT_EXEC);
    int sum = 0;
    for (std::size_t i = 0; i < kBytes; i += 4096) sum += code[i];
    EXPECT_GT(sum, 0);
    return code;
  }
  static bool is_resident(const char* code) {
    const int pages = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    std::uint64_t entry = 0;
    EXPECT_EQ(pread(pages, &entry, sizeof(entry), static_cast<off_t>(reinterpret_cast<std::uintptr_t>(code) / 4096 * 8)), 8);
    close(pages);
    return (entry >> 63) != 0;
  }
};

TEST_F(ForgetStartup, LetsCodeGoThatIsAsInItsFile) {
  char* const code = code_with_first_byte('c');
  ASSERT_TRUE(is_resident(code));
  forget_startup();
  EXPECT_FALSE(is_resident(code));
  EXPECT_EQ(code[0], 'c');
}

TEST_F(ForgetStartup, KeepsCodeThatWasChanged) {
  char* const code = code_with_first_byte('!');
  forget_startup();
  EXPECT_EQ(code[0], '!');
}

}  // namespace
}  // namespace skein

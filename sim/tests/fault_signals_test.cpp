#include "../src/fault_signals.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <csetjmp>
#include <cstddef>
#include <cstdlib>
#include <thread>

#include "cocheck/detail/sanitizers.hpp"

namespace cocheck::detail {
namespace {

sigjmp_buf landing;
int asked_first = 0;
int asked_last = 0;
std::byte* page = nullptr;
constexpr std::size_t kPage = 4096;

bool unprotect(int signal, siginfo_t& info, void*) {
  ++asked_first;
  if (signal != SIGSEGV || info.si_addr < page || info.si_addr >= page + kPage) return false;
  return mprotect(page, kPage, PROT_READ | PROT_WRITE) == 0;
}

bool leave(int signal, siginfo_t&, void*) {
  ++asked_last;
  siglongjmp(landing, signal);
}

/// Takes the clients off again.
class FaultSignals : public testing::Test {
 protected:
  FaultSignals() {
    asked_first = asked_last = 0;
    page = static_cast<std::byte*>(
        mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    handle_faults(FaultClient::crashes, leave);
    handle_faults(FaultClient::protected_pages, unprotect);
  }
  ~FaultSignals() override {
    handle_faults(FaultClient::crashes, nullptr);
    handle_faults(FaultClient::protected_pages, nullptr);
    munmap(page, kPage);
  }
};

volatile int enough = 0;  // is never reached

[[gnu::noinline]] int call_for_ever(volatile int* depth) {
  volatile int mine = *depth + 1;
  return mine == enough ? 0 : call_for_ever(&mine) + mine;
}

TEST_F(FaultSignals, AskTheFirstClientFirstAndGoOn) {
  volatile std::byte* const written = page + 8;
  *written = std::byte{7};
  EXPECT_EQ(page[8], std::byte{7});
  EXPECT_EQ(asked_first, 1);
  EXPECT_EQ(asked_last, 0);
}

TEST_F(FaultSignals, AskTheNextClientForWhatTheFirstDoesNotTake) {
  void* const nobodys = mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(nobodys, MAP_FAILED);
  const int signal = sigsetjmp(landing, 0);
  if (signal == 0) *static_cast<volatile int*>(nobodys) = 1;
  munmap(nobodys, kPage);
  EXPECT_EQ(signal, SIGSEGV);
  EXPECT_EQ(asked_first, 1);
  EXPECT_EQ(asked_last, 1);
}

TEST_F(FaultSignals, AreHandledAgainAfterAClientLeft) {
  for (int i = 1; i <= 3; ++i) {
    const int signal = sigsetjmp(landing, 0);
    if (signal == 0) std::abort();
    EXPECT_EQ(signal, SIGABRT);
    EXPECT_EQ(asked_last, i);
  }
}

TEST_F(FaultSignals, AreHandledWhereTheStackIsUsedUp) {
  volatile int depth = 0;
  const int signal = sigsetjmp(landing, 0);
  if (signal == 0) call_for_ever(&depth);
  EXPECT_EQ(signal, SIGSEGV);
}

TEST_F(FaultSignals, AreHandledInAnotherThread) {
  std::thread([] {
    use_signal_stack();
    volatile int depth = 0;
    const int signal = sigsetjmp(landing, 0);
    if (signal == 0) call_for_ever(&depth);
    EXPECT_EQ(signal, SIGSEGV);
  }).join();
}

TEST_F(FaultSignals, EndTheProgramAsBeforeWhereNoClientTakesThem) {
  handle_faults(FaultClient::crashes, nullptr);
  EXPECT_EXIT(std::abort(), testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(raise(SIGTRAP), testing::KilledBySignal(SIGTRAP), "");
  if (COCHECK_ADDRESS_SANITIZER) {  // which had it before, and reports it
    EXPECT_EXIT(raise(SIGSEGV), testing::ExitedWithCode(1), "AddressSanitizer");
  } else {
    EXPECT_EXIT(raise(SIGSEGV), testing::KilledBySignal(SIGSEGV), "");
  }
}

void say_so(int) {
  _exit(3);
}

TEST_F(FaultSignals, GoToWhoeverHadThemBefore) {
  const auto set_first = [] {
    signal(SIGFPE, say_so);
    handle_faults(FaultClient::crashes, nullptr);
    handle_faults(FaultClient::protected_pages, unprotect);
    raise(SIGFPE);
  };
  EXPECT_EXIT(set_first(), testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace cocheck::detail

// What README.md shows of COCHECK_PROP, word for word.

#include <cocheck/rapidcheck.hpp>

using cocheck::Task;

Task<> send(cocheck::Queue<int>& mailbox, const std::vector<int>& letters) {
  for (int letter : letters) co_await mailbox.put(letter);
}

Task<> receive(cocheck::Queue<int>& mailbox, std::size_t count, std::vector<int>& received) {
  while (received.size() < count) received.push_back(co_await mailbox.get());
}

COCHECK_PROP(Mailbox, KeepsTheOrder,
             (const std::vector<int>& letters, cocheck::Between<1, 3> capacity)) {
  cocheck::Queue<int> mailbox(capacity);
  std::vector<int> received;
  co_await cocheck::gather(send(mailbox, letters), receive(mailbox, letters.size(), received));
  EXPECT_EQ(received, letters);
}

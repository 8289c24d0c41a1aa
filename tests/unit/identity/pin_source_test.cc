// SPDX-License-Identifier: Apache-2.0
#include "identity/pin_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using test::TempDir;

/// Sets or removes an environment variable for the object's lifetime.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = getenv(name); before != nullptr) before_ = before;
    Set(value);
  }
  ~Variable() { Set(before_ ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void Set(const char* value) const {
    if (value == nullptr) {
      unsetenv(name_);
    } else {
      setenv(name_, value, 1);
    }
  }

  const char* name_;
  std::optional<std::string> before_;
};

/// The read end of a pipe that holds `contents` and has no writer.
int PipeWith(std::string_view contents) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) abort();
  if (write(ends[1], contents.data(), contents.size()) < 0) abort();
  close(ends[1]);
  return ends[0];
}

/// Replaces this process's stdin by a text for the object's lifetime.
class Stdin {
 public:
  explicit Stdin(std::string_view contents) : before_(fcntl(0, F_DUPFD_CLOEXEC, 3)) {
    const int pipe = PipeWith(contents);
    dup2(pipe, 0);
    close(pipe);
  }
  ~Stdin() {
    if (before_ >= 0) {
      dup2(before_, 0);
      close(before_);
    } else {
      close(0);
    }
  }
  Stdin(const Stdin&) = delete;
  Stdin& operator=(const Stdin&) = delete;

 private:
  int before_;
};

PinSource ParseSource(const std::string& source) {
  auto parsed = SecretSource::Parse(source);
  EXPECT_TRUE(parsed.has_value()) << source;
  return *std::move(parsed);
}

void ExpectSecret(PinSource source, std::string_view secret) {
  const auto got = source.Get();
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->Reveal(), secret);
}

void ExpectFailure(PinSource source, ErrorCode code, const std::string& message) {
  const auto got = source.Get();
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, code);
  EXPECT_EQ(got.error().message, message);
}

class MalformedPinSourceTest : public testing::TestWithParam<const char*> {};

TEST_P(MalformedPinSourceTest, IsRefusedWithoutBeingRepeated) {
  const auto source = SecretSource::Parse(GetParam());
  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code, ErrorCode::kUsage);
  EXPECT_EQ(source.error().message, "not a source of a secret");
  EXPECT_EQ(source.error().hint, "use file:PATH, env:NAME, fd:N, stdin, cred:NAME or pass:TEXT");
}

INSTANTIATE_TEST_SUITE_P(Sources, MalformedPinSourceTest,
                         testing::Values("", "1234", "my secret", ":", ":1234", "pass", "PASS:1234",
                                         "stdin:", "stdin ",
                                         "env:", "file:", "cred:", "fd:", "fd:x", "fd:-1", "fd:1x",
                                         "fd: 1", "fd:0x1", "fd:99999999999", "cred:../1234",
                                         "cred:a/b", "pin:1234", "http://1234"));

TEST(PinSourceTest, TakesTextAsItIs) {
  ExpectSecret(ParseSource("pass:1234"), "1234");
  ExpectSecret(ParseSource("pass: a:b\n"), " a:b\n");
  ExpectSecret(ParseSource("pass:"), "");
}

TEST(PinSourceTest, NamesAVariableThatIsNotSet) {
  const Variable variable("CREDMINT_TEST_PIN", nullptr);
  ExpectFailure(ParseSource("env:CREDMINT_TEST_PIN"), ErrorCode::kPinRequired,
                "the variable CREDMINT_TEST_PIN is not set");
}

TEST(PinSourceTest, ReadsAVariable) {
  const Variable variable("CREDMINT_TEST_PIN", "12 34");
  ExpectSecret(ParseSource("env:CREDMINT_TEST_PIN"), "12 34");
}

TEST(PinSourceTest, VariableMayBeEmpty) {
  const Variable variable("CREDMINT_TEST_PIN", "");
  ExpectSecret(ParseSource("env:CREDMINT_TEST_PIN"), "");
}

TEST(PinSourceTest, ReadsNothingWhenItIsParsed) {
  const Variable variable("CREDMINT_TEST_PIN", nullptr);
  PinSource source = ParseSource("env:CREDMINT_TEST_PIN");
  const Variable set_later("CREDMINT_TEST_PIN", "1234");
  ExpectSecret(std::move(source), "1234");
}

TEST(PinSourceTest, NamesAFileThatIsMissing) {
  const TempDir directory;
  const std::string path = directory.File("pin");
  ExpectFailure(ParseSource("file:" + path), ErrorCode::kSecretUnreadable,
                "cannot read " + path + ": No such file or directory");
}

TEST(PinSourceTest, RefusesAFileThatOthersMayRead) {
  const TempDir directory;
  const std::string path = directory.Write("pin", "1234\n", 0644);
  ExpectFailure(ParseSource("file:" + path), ErrorCode::kSecretUnreadable,
                path + " holds a secret but others may read or write it (mode 0644)");
}

TEST(PinSourceTest, ReadsTheFirstLineOfAFile) {
  const TempDir directory;
  ExpectSecret(ParseSource("file:" + directory.Write("pin", "1234\nsecond\n")), "1234");
  ExpectSecret(SecretSource::FromFile(directory.Write("source", "5678\r\n")), "5678");
}

TEST(PinSourceTest, DescriptorThatIsNotOpenMeansNoPin) {
  const int descriptor = PipeWith("");
  close(descriptor);
  const std::string number = std::to_string(descriptor);
  ExpectFailure(ParseSource("fd:" + number), ErrorCode::kPinRequired,
                "descriptor " + number + " is not open");
}

TEST(PinSourceTest, ReadsTheFirstLineOfADescriptorAndLeavesItOpen) {
  const int descriptor = PipeWith("1234\nsecond\n");
  ExpectSecret(ParseSource("fd:" + std::to_string(descriptor)), "1234");
  EXPECT_EQ(close(descriptor), 0);
}

TEST(PinSourceTest, ReadsStdinOnceAndKeepsIt) {
  const Stdin in("1234\nsecond\n");
  PinSource source = ParseSource("stdin");
  for (int i = 0; i < 3; ++i) {
    const auto got = source.Get();
    ASSERT_TRUE(got.has_value()) << got.error().message;
    EXPECT_EQ(got->Reveal(), "1234");
  }
}

TEST(PinSourceTest, StdinIsDescriptorZero) {
  const Stdin in("1234\n");
  ExpectSecret(ParseSource("fd:0"), "1234");
}

TEST(PinSourceTest, CredentialNeedsASystemdUnit) {
  const Variable folder("CREDENTIALS_DIRECTORY", nullptr);
  PinSource source = ParseSource("cred:hsm-pin");
  const auto got = source.Get();
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, ErrorCode::kPinRequired);
  EXPECT_EQ(got.error().message, "CREDENTIALS_DIRECTORY is not set");
  EXPECT_EQ(got.error().hint, "add LoadCredential=hsm-pin:PATH to the systemd unit");
}

TEST(PinSourceTest, CredentialThatTheUnitDoesNotHaveMeansNoPin) {
  const TempDir directory;
  const Variable folder("CREDENTIALS_DIRECTORY", directory.path().c_str());
  ExpectFailure(ParseSource("cred:hsm-pin"), ErrorCode::kPinRequired,
                "there is no credential 'hsm-pin'");
}

TEST(PinSourceTest, ReadsTheFirstLineOfACredential) {
  const TempDir directory;
  directory.Write("hsm-pin", "1234\n", 0440);
  const Variable folder("CREDENTIALS_DIRECTORY", directory.path().c_str());
  ExpectSecret(ParseSource("cred:hsm-pin"), "1234");
}

TEST(PinSourceTest, KeepsASecretThatIsKnown) {
  PinSource source = SecretSource::FromSecret(Secret("1234"));
  EXPECT_EQ(source.Get()->Reveal(), "1234");
  EXPECT_EQ(source.Get()->Reveal(), "1234");
}

TEST(PinSourceTest, ReadsAgainWhatItIsToForgetUnlessThatIsGone) {
  const TempDir directory;
  const Stdin in("typed\n");
  PinSource file = ParseSource("file:" + directory.Write("pin", "old"));
  PinSource descriptor = ParseSource("stdin");
  PinSource known = ParseSource("pass:known");
  ASSERT_TRUE(file.Get() && descriptor.Get());
  directory.Write("pin", "new");
  EXPECT_EQ(file.Get()->Reveal(), "old");
  for (PinSource* source : {&file, &descriptor, &known}) source->Forget();
  ExpectSecret(std::move(file), "new");
  ExpectSecret(std::move(descriptor), "typed");
  ExpectSecret(std::move(known), "known");
}

struct MissingCase {
  PassphraseKind kind;
  const char* subject;
  const char* message;
  Remedy remedy;
};

void PrintTo(const MissingCase& test_case, std::ostream* out) { *out << test_case.message; }

class MissingPinTest : public testing::TestWithParam<MissingCase> {};

TEST_P(MissingPinTest, SaysForWhatAndHowToGiveIt) {
  PinSources sources;
  const auto answer = sources.Answer({GetParam().kind, GetParam().subject});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::kPinRequired);
  EXPECT_EQ(answer.error().message, GetParam().message);
  EXPECT_EQ(answer.error().remedy, GetParam().remedy);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, MissingPinTest,
    testing::Values(
        MissingCase{PassphraseKind::kTokenPin, "token 'prod'",
                    "token 'prod' needs a PIN and none was given", Remedy::kGiveSecret},
        MissingCase{PassphraseKind::kTpmAuth, "handle:0x81000001",
                    "handle:0x81000001 needs an auth value and none was given",
                    Remedy::kGiveSecretOrDenyIt},
        MissingCase{PassphraseKind::kFile, "PKCS12 import pass phrase",
                    "the file needs a passphrase and none was given", Remedy::kGiveSecret},
        MissingCase{
            PassphraseKind::kContextPin, "token 'prod'",
            "token 'prod' needs a context-specific PIN for each signature and none was given",
            Remedy::kGiveContextPin}));

/// All sources, each with a different secret.
PinSources AllSources() {
  PinSources sources;
  sources.user = SecretSource::FromSecret(Secret("user"));
  sources.context = SecretSource::FromSecret(Secret("context"));
  sources.parent = SecretSource::FromSecret(Secret("parent"));
  return sources;
}

TEST(PinSourcesTest, AnswersEachQuestionFromItsOwnSource) {
  PinSources sources = AllSources();
  for (const auto& [kind, secret] :
       {std::pair<PassphraseKind, const char*>{PassphraseKind::kTokenPin, "user"},
        {PassphraseKind::kTpmAuth, "user"},
        {PassphraseKind::kFile, "user"},
        {PassphraseKind::kContextPin, "context"}}) {
    const auto answer = sources.Answer({kind, "x"});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->Reveal(), secret);
  }
}

TEST(PinSourcesTest, TakesTheEmptyAuthValueWhereNobodyCanBeAsked) {
  PinSources sources;
  const auto answer = sources.Answer({PassphraseKind::kTpmAuthIfAny, "handle:0x81000001"});
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->empty());
}

TEST(PinSourcesTest, TriesNoSecretWhereAnotherWasMeant) {
  PinSources sources = AllSources();
  sources.user.reset();
  EXPECT_FALSE(sources.Answer({PassphraseKind::kTokenPin, "x"}).has_value());
  sources = AllSources();
  sources.context.reset();
  EXPECT_FALSE(sources.Answer({PassphraseKind::kContextPin, "x"}).has_value());
}

TEST(PinSourcesTest, ReusesTheTokenPinOnlyWhenToldTo) {
  PinSources sources = AllSources();
  sources.reuse_user_for_context = true;
  EXPECT_EQ(sources.Answer({PassphraseKind::kContextPin, "x"})->Reveal(), "context");
  sources.context.reset();
  EXPECT_EQ(sources.Answer({PassphraseKind::kContextPin, "x"})->Reveal(), "user");
  sources.user.reset();
  EXPECT_FALSE(sources.Answer({PassphraseKind::kContextPin, "x"}).has_value());
}

/// Answers prompts by naming the request: "0 for x" for a request of the first kind.
PromptedSecrets TypedByAPerson(int& prompts) {
  return PromptedSecrets([&prompts](const PassphraseRequest& request, PromptReason) {
    ++prompts;
    const std::string text = std::to_string(static_cast<int>(request.kind)) + " for ";
    return std::optional<Secret>(Secret(text + request.subject));
  });
}

std::string Typed(PassphraseKind kind) { return std::to_string(static_cast<int>(kind)) + " for x"; }

TEST(PinSourcesTest, AsksNobodyForWhatWasGiven) {
  int prompts = 0;
  PinSources sources = AllSources();
  sources.prompted = TypedByAPerson(prompts);
  for (const PassphraseKind kind : {PassphraseKind::kTokenPin, PassphraseKind::kContextPin}) {
    EXPECT_TRUE(sources.HasSource(kind));
    EXPECT_TRUE(sources.Answer({kind, "x"}).has_value());
    EXPECT_FALSE(sources.Refuse({kind, "x"}, "")) << "a secret that was given is tried once";
  }
  EXPECT_EQ(prompts, 0);
}

TEST(PinSourcesTest, AsksForEachKindByItself) {
  int prompts = 0;
  PinSources sources;
  sources.prompted = TypedByAPerson(prompts);
  for (const PassphraseKind kind : {PassphraseKind::kTokenPin, PassphraseKind::kContextPin,
                                    PassphraseKind::kTpmAuth, PassphraseKind::kFile}) {
    EXPECT_FALSE(sources.HasSource(kind));
    EXPECT_EQ(sources.Answer({kind, "x"})->Reveal(), Typed(kind));
  }
  EXPECT_EQ(prompts, 4);
}

TEST(PinSourcesTest, AsksForTheContextPinEvenWhereTheTokenPinWasGiven) {
  int prompts = 0;
  PinSources sources;
  sources.user = SecretSource::FromSecret(Secret("user"));
  sources.prompted = TypedByAPerson(prompts);
  EXPECT_EQ(sources.Answer({PassphraseKind::kContextPin, "x"})->Reveal(),
            Typed(PassphraseKind::kContextPin));
}

TEST(PinSourcesTest, ReusesATypedTokenPinOnlyOnItsToken) {
  int prompts = 0;
  PinSources sources;
  sources.reuse_user_for_context = true;
  sources.prompted = TypedByAPerson(prompts);
  EXPECT_TRUE(sources.Answer({PassphraseKind::kTokenPin, "x"}, "place").has_value());
  EXPECT_EQ(sources.Answer({PassphraseKind::kContextPin, "x"}, "place")->Reveal(),
            Typed(PassphraseKind::kTokenPin));
  EXPECT_EQ(prompts, 1);
  EXPECT_TRUE(sources.Answer({PassphraseKind::kContextPin, "x"}, "elsewhere").has_value());
  EXPECT_EQ(prompts, 2);
}

TEST(PinSourcesTest, KnowsWhetherWhatWasAcceptedIsStillTheSame) {
  const TempDir directory;
  const std::string path = directory.Write("pin", "1234", 0600);
  PinSources sources;
  EXPECT_TRUE(sources.WereAccepted());  // no secret has been read, so none is wrong
  sources.user = SecretSource::FromFile(path);
  EXPECT_TRUE(sources.WereAccepted());
  EXPECT_TRUE(sources.Answer({PassphraseKind::kTokenPin, "x"}).has_value());
  EXPECT_FALSE(sources.WereAccepted());
  sources.NoteAccepted();
  EXPECT_TRUE(sources.WereAccepted());

  sources.Forget();
  EXPECT_TRUE(sources.Answer({PassphraseKind::kTokenPin, "x"}).has_value());
  EXPECT_TRUE(sources.WereAccepted());
  directory.Write("pin", "12345", 0600);
  sources.Forget();
  EXPECT_TRUE(sources.Answer({PassphraseKind::kTokenPin, "x"}).has_value());
  EXPECT_FALSE(sources.WereAccepted());
}

TEST(PinSourcesTest, KnowsTheSecretOfAReferenceAgain) {
  PinSources sources;
  sources.NoteInReference(Secret("1234"));
  EXPECT_FALSE(sources.WereAccepted());
  sources.NoteAccepted();
  sources.NoteInReference(Secret("1234"));
  EXPECT_TRUE(sources.WereAccepted());
  sources.NoteInReference(Secret("1235"));
  EXPECT_FALSE(sources.WereAccepted());
}

}  // namespace
}  // namespace credmint

// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/credentials_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace credmint {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Credentials NewKeys() { return {"ASIANEW", Secret("new/secret+="), Secret("newtoken=="), {}, ""}; }

const std::string kKeys =
    "aws_access_key_id = ASIANEW\n"
    "aws_secret_access_key = new/secret+=\n"
    "aws_session_token = newtoken==\n";

std::string Edit(std::string_view text, std::string_view profile = "web") {
  const auto edited = SetProfile(text, profile, NewKeys());
  return edited ? std::string(edited->Reveal()) : "refused: " + edited.error().message;
}

std::string WhyRefused(std::string_view text, std::string_view profile = "web") {
  const auto edited = SetProfile(text, profile, NewKeys());
  if (edited) return "it is not";
  EXPECT_EQ(edited.error().code, ErrorCode::kLocalIo);
  const auto checked = CheckProfile(text, profile);
  EXPECT_FALSE(checked.has_value());
  EXPECT_EQ(edited.error().message, checked ? "" : checked.error().message);
  return edited.error().message;
}

// --- refused files ---

TEST(CredentialsFileTest, RefusesASectionTwice) {
  EXPECT_EQ(WhyRefused("[web]\nregion = x\n[other]\n[web]\n"),
            "line 4: the section [web] is already defined in line 1");
}

TEST(CredentialsFileTest, RefusesAKeyTwice) {
  EXPECT_EQ(WhyRefused("[web]\naws_session_token = a\nAWS_Session_Token: b\n"),
            "line 3: aws_session_token is already defined in line 2");
}

TEST(CredentialsFileTest, LeavesWhatIsTwiceElsewhere) {
  const std::string text = "[other]\nregion = x\nregion = y\n[other]\n";
  EXPECT_EQ(Edit(text), text + "[web]\n" + kKeys);
}

TEST(CredentialsFileTest, RefusesALineOfTheProfileThatIsNoKey) {
  EXPECT_EQ(WhyRefused("[web]\n  region\n    [other]\n"),
            "line 2: this is neither a key with a value nor a comment");
  const std::string text = "[other]\nregion\n";
  EXPECT_EQ(Edit(text), text + "[web]\n" + kKeys);
}

TEST(CredentialsFileTest, RefusesACredentialProcess) {
  EXPECT_EQ(WhyRefused("[web]\nCredential_Process = x\n"),
            "line 2: the profile has a credential_process, which would be ignored");
  EXPECT_THAT(Edit("[other]\ncredential_process = x\n"), StartsWith("[other]"));
  EXPECT_THAT(Edit("[web]\ns3 =\n  credential_process = x\n"), StartsWith("[web]"));
}

TEST(CredentialsFileTest, RefusesWhatBotocoreGivesToAllProfiles) {
  EXPECT_EQ(WhyRefused("[DEFAULT]\naws_security_token = x\n"),
            "line 2: [DEFAULT] gives every profile its aws_security_token");
  EXPECT_THAT(WhyRefused("[DEFAULT]\ncredential_process = x\n"), HasSubstr("[DEFAULT]"));
  EXPECT_THAT(Edit("[DEFAULT]\nregion = x\n"), StartsWith("[DEFAULT]"));
}

TEST(CredentialsFileTest, RefusesHeadersThatProgramsReadInDifferentWays) {
  const std::string reason = ": only some programs read this as the header of a section";
  EXPECT_EQ(WhyRefused("[web] # [x]\n"), "line 1" + reason);
  EXPECT_EQ(WhyRefused("[a]\nregion = x\n  [web]\n"), "line 3" + reason);
  EXPECT_EQ(WhyRefused("[web]\nregion = x\n  [a]\n"), "line 3" + reason);
  EXPECT_THAT(Edit("[b]\nregion = x\n  [a]\n"), StartsWith("[b]"));
}

TEST(CredentialsFileTest, RefusesBytesThatAreNoText) {
  EXPECT_THAT(WhyRefused("\xef\xbb\xbf[web]\n"), HasSubstr("byte order mark"));
  EXPECT_EQ(WhyRefused(std::string("[a]\nb = \0\n", 9)),
            "line 2: there is a NUL byte, so this is not UTF-8 text");
  for (const char* text : {"[a]\nb = c\rd\n", "[a]\n# \r", "[a]\n\r\r\n"}) {
    EXPECT_THAT(WhyRefused(text), StartsWith("line 2: a carriage return")) << text;
  }
}

TEST(CredentialsFileTest, RefusesNamesThatSomeProgramCouldNotRead) {
  for (const std::string name : {"", "a]", "[a", "a\nb", "a\x7f", "\xff", " a", "a ", "a\t", "a #b",
                                 "a ;b", "DEFAULT", "\xc2\x85", "\xe2\x80\xae"}) {
    const auto checked = CheckProfileName(name);
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, ErrorCode::kUsage) << name;
  }
  for (const char* name : {"default", "web", "a b", "a#b", "caf\xc3\xa9", "x=y:z", "'q'"}) {
    EXPECT_TRUE(CheckProfileName(name)) << name;
  }
}

TEST(CredentialsFileTest, RefusesCredentialsThatDoNotFitIntoALine) {
  for (const char* value : {"", "a b", "a\nb", "a\r", "#a", ";a", "\x7f", "\xc3\xa9"}) {
    Credentials credentials = NewKeys();
    credentials.session_token = Secret(value);
    const auto edited = SetProfile("", "web", credentials);
    ASSERT_FALSE(edited) << value;
    EXPECT_EQ(edited.error().code, ErrorCode::kServiceAnswer);
    EXPECT_THAT(edited.error().message, HasSubstr("aws_session_token"));
  }
}

TEST(CredentialsFileTest, RefusesACredentialProcessInTheConfigFile) {
  for (const char* header :
       {"[profile web]", "[profile  web]", "[profile 'web']", "[profile \"web\"]", "[DEFAULT]"}) {
    const auto checked = CheckConfig(std::string(header) + "\ncredential_process = x\n", "web");
    ASSERT_FALSE(checked) << header;
    EXPECT_THAT(checked.error().message, StartsWith("line 2: the profile has a")) << header;
  }
  EXPECT_FALSE(CheckConfig("[default]\ncredential_process = x\n", "default"));
  EXPECT_FALSE(CheckConfig("[profile default]\ncredential_process = x\n", "default"));
  for (const char* header : {"[web]", "[profile webs]", "[profileweb]", "[sso-session web]"}) {
    EXPECT_TRUE(CheckConfig(std::string(header) + "\ncredential_process = x\n", "web")) << header;
  }
  EXPECT_TRUE(CheckConfig("[profile web]\nregion = x\n", "web"));
}

// --- places of the keys ---

TEST(CredentialsFileTest, MakesANewProfile) {
  EXPECT_EQ(Edit(""), "[web]\n" + kKeys);
  EXPECT_EQ(Edit("[a]\nb = c"), "[a]\nb = c\n[web]\n" + kKeys);
  EXPECT_EQ(Edit("# only this"), "# only this\n[web]\n" + kKeys);
  EXPECT_EQ(Edit("[ web ]\n"), "[ web ]\n[web]\n" + kKeys);
}

TEST(CredentialsFileTest, PutsMissingKeysBehindTheHeader) {
  EXPECT_EQ(Edit("[web]\n# note\nregion = x\n[a]\n"),
            "[web]\n" + kKeys + "# note\nregion = x\n[a]\n");
  EXPECT_EQ(Edit("[a]\n  [web] # note"), "[a]\n  [web] # note\n" + kKeys);
  EXPECT_EQ(Edit("[web]\naws_secret_access_key=old\n"),
            "[web]\naws_access_key_id = ASIANEW\naws_session_token = newtoken==\n"
            "aws_secret_access_key=new/secret+=\n");
}

TEST(CredentialsFileTest, IndentsThemAsWhatFollowsIs) {
  EXPECT_EQ(Edit("[web]\n\n\tregion = x\n"),
            "[web]\n\taws_access_key_id = ASIANEW\n\taws_secret_access_key = new/secret+=\n"
            "\taws_session_token = newtoken==\n\n\tregion = x\n");
  EXPECT_THAT(Edit("[web]\n  [other]\n"), HasSubstr("\n  aws_session_token = newtoken==\n  [oth"));
}

TEST(CredentialsFileTest, KeepsTheWayTheyAreWritten) {
  EXPECT_EQ(Edit("[web]\n  AWS_access_key_id:old # note\n  aws_secret_access_key  =\told  \n"
                 "  Aws_Session_Token=\n"),
            "[web]\n  AWS_access_key_id:ASIANEW\n  aws_secret_access_key  =\tnew/secret+=\n"
            "  Aws_Session_Token=newtoken==\n");
}

TEST(CredentialsFileTest, KeepsLineEndsAndTheMissingOne) {
  EXPECT_EQ(Edit("[web]\r\naws_access_key_id = a\r\naws_secret_access_key = b\r\n"
                 "aws_session_token = c"),
            "[web]\r\naws_access_key_id = ASIANEW\r\naws_secret_access_key = new/secret+=\r\n"
            "aws_session_token = newtoken==");
  EXPECT_EQ(Edit("[a]\r\nb = c"),
            "[a]\r\nb = c\r\n[web]\r\naws_access_key_id = ASIANEW\r\n"
            "aws_secret_access_key = new/secret+=\r\naws_session_token = newtoken==\r\n");
}

TEST(CredentialsFileTest, ReplacesAValueOfSeveralLines) {
  EXPECT_EQ(Edit("[web]\naws_session_token =\n  old\n# note\n\n  older\nregion = x\n"),
            "[web]\naws_access_key_id = ASIANEW\naws_secret_access_key = new/secret+=\n"
            "aws_session_token =newtoken==\n# note\n\nregion = x\n");
}

TEST(CredentialsFileTest, RemovesTheSecurityToken) {
  EXPECT_EQ(Edit("[web]\nAWS_security_token = old\n  older\nregion = x\n"),
            "[web]\n" + kKeys + "region = x\n");
}

TEST(CredentialsFileTest, LeavesNestedBlocksAlone) {
  const std::string block = "s3 =\n  aws_access_key_id = nested\n  aws_security_token = nested\n";
  EXPECT_EQ(Edit("[web]\n" + block), "[web]\n" + kKeys + block);
}

TEST(CredentialsFileTest, LeavesAloneWhatIsNotUtf8) {
  EXPECT_EQ(Edit("[caf\xe9]\nb = \xff\xfe\n[web]\n# \xe9\n"),
            "[caf\xe9]\nb = \xff\xfe\n[web]\n" + kKeys + "# \xe9\n");
}

TEST(CredentialsFileTest, TakesTheSpacesOfUnicodeForSpaces) {
  EXPECT_EQ(
      Edit("[web]\ns3 =\n\xc2\xa0"
           "aws_access_key_id = nested\naws_session_token\xe3\x80\x80= a\n"),
      "[web]\naws_access_key_id = ASIANEW\naws_secret_access_key = new/secret+=\ns3 =\n\xc2\xa0"
      "aws_access_key_id = nested\naws_session_token\xe3\x80\x80= newtoken==\n");
}

}  // namespace
}  // namespace credmint

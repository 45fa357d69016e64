/* Tests of app/project: files are read strictly, changed without losing a byte of the user's, and hold no secrets. */
#include "app/location_policy.h"
#include "app/location_velero.h"
#include "app/project.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "data/jdoc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *home;

static int
setup(void **state)
{
	char path[] = "/tmp/orlop-test-XXXXXX";

	(void)state;
	if (!mkdtemp(path))
		return -1;
	home = xstrdup(path);
	return setenv("HOME", home, 1) + setenv("XDG_CONFIG_HOME", home, 1) + unsetenv("ORLOP_PROJECT");
}

static int
teardown(void **state)
{
	const char *const argv[] = { "rm", "-rf", home, NULL };
	AUTO_BUF struct buf out = BUF_INIT(KIB), errs = BUF_INIT(KIB);
	struct err e;
	int status, rc = proc_run(&(struct proc){ .argv = argv }, &out, &errs, &status, NULL, &e);

	(void)state;
	free(TAKE(home));
	return rc;
}

static struct project *
parsed(const char *text)
{
	struct err e = { 0 };
	struct project *p = project_parse(str_of(text), NULL, "f", &e);

	if (p == NULL)
		fail_msg("%s", e.msg);
	return p;
}

/* --- reading --- */

#define L "locations:\n  - name: a\n    provider: "

static void
wrong_files_are_refused_with_file_line_and_cause(void **state)
{
	static const struct { const char *text, *error; } rows[] = {
		{ "project: [\n", "f:2: did not find expected node content" },
		{ "- a\n", "f:1: keys and values expected" },
		{ "project: p\nlocation:\n", "f:2: unknown key 'location' (did you mean 'locations'?)" },
		{ "project: {a: b}\n", "f:1: 'project' must be a text" },
		{ "project: p\nlocations: here\n", "f:2: 'locations' must be a list" },
		{ "locations:\n  - a\n", "f:2: an entry of 'locations' must have keys and values" },
		{ "schedules: weekly\n", "f:1: 'schedules' must be a list" },
		{ "locations:\n  - provider: aws\n    bucket: bbb\n", "f:2: a location needs a name" },
		{ "locations:\n  - name: ../x\n", "f:2: '../x' is no name of a location: letters, digits, '-', '_' and '.', at most "
			"100, a letter or digit first" },
		{ "locations:\n  - name: a\n    bucket: bbb\n", "f:2: 'provider' must be aws, minio, s3 or dir" },
		{ L "gcs\n    bucket: bbb\n", "f:3: 'provider' must be aws, minio, s3 or dir" },
		{ L "aws\n", "f:2: location 'a': a bucket is needed" },
		{ L "aws\n    bucket: B\n", "f:2: location 'a': 'B' is not a bucket name (3 to 63 letters, digits, '.', '-')" },
		{ L "aws\n    bucket: bbb\n    prefix: a/../b\n",
			"f:2: location 'a': prefix 'a/../b': it has a '.' or '..' segment" },
		{ L "aws\n    bucket: bbb\n    buckett: bbb\n", "f:5: unknown key 'buckett' (did you mean 'bucket'?)" },
		{ L "minio\n    bucket: bbb\n",
			"f:2: location 'a': provider minio needs an s3Url, the address of the store's API" },
		{ L "s3\n    bucket: bbb\n    config:\n      s3URL: http://h\n", "f:6: unknown key 's3URL' (did you mean 's3Url'?)" },
		{ L "s3\n    bucket: bbb\n    config:\n      s3Url: h:9000\n",
			"f:2: location 'a': s3Url must start with https:// or http://" },
		{ L "s3\n    bucket: bbb\n    config:\n      s3Url: http://k:planted@h\n",
			"f:2: location 'a': s3Url must not contain a user or password" },
		{ L "aws\n    bucket: bbb\n    config:\n      s3ForcePathStyle: perhaps\n",
			"f:6: key 's3ForcePathStyle' must be true or false" },
		{ L "aws\n    bucket: bbb\n    config:\n      tagging: a\n",
			"f:2: location 'a': parameter 'tagging': each tag must be of the form KEY=VALUE" },
		{ L "aws\n    bucket: bbb\n    config: [a]\n", "f:5: 'config' must be keys and values" },
		{ L "aws\n    bucket: bbb\n    config:\n      region: [a]\n", "f:6: 'region' must be a text" },
		{ L "aws\n    bucket: bbb\n    account:\n      type: key\n", "f:6: 'type' must be credentials, sts or environment" },
		{ L "aws\n    bucket: bbb\n    account:\n      type: sts\n", "f:2: location 'a': account type sts needs a roleArn" },
		{ L "aws\n    bucket: bbb\n    account:\n      type: environment\n      externalId: x\n",
			"f:2: location 'a': roleArn and externalId belong to account type sts" },
		{ L "aws\n    bucket: bbb\n    accessMode: readonly\n", "f:5: 'accessMode' must be ReadOnly or ReadWrite" },
		{ L "aws\n    bucket: bbb\n    requesterPays: 2\n", "f:5: 'requesterPays' must be true or false" },
		{ L "aws\n    bucket: bbb\n    path: /x\n", "f:2: location 'a': a path is for provider dir only" },
		{ L "dir\n", "f:2: location 'a': provider dir needs a path" },
		{ L "dir\n    path: /x\n    accessMode: ReadOnly\n", "f:2: location 'a': provider dir has no accessMode" },
		{ L "dir\n    path: /x\n  - name: a\n    provider: dir\n    path: /y\n", "f:5: location 'a' is already in line 2" },
		{ "clusters:\n  - name: a\n", "f:2: a cluster needs a name, and a context or a kubeconfig" },
		{ "clusters:\n  - {name: a, context: b}\n  - {name: a, context: c}\n", "f:3: cluster 'a' is there twice" },
		{ "clusters:\n  - {name: a, contxt: b}\n", "f:2: unknown key 'contxt' (did you mean 'context'?)" },
		{ "defaultLocation: b\n" L "dir\n    path: /x\n", "f:1: defaultLocation 'b' is none of the locations" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		assert_null(project_parse(str_of(rows[i].text), NULL, "f", &e));
		assert_int_equal(e.kind, EK_INVALID);
		assert_string_equal(e.msg, rows[i].error);
	}
}

static void
secrets_are_refused_wherever_they_stand_and_not_repeated(void **state)
{
	static const char *const rows[] = {
		"aws_secret_access_key: planted\n",
		L "aws\n    bucket: bbb\n    secretKey: planted\n",
		L "aws\n    bucket: bbb\n    config:\n      aws_secret_access_key: planted\n",
		L "aws\n    bucket: bbb\n    config:\n      accessKey: planted\n",
		L "aws\n    bucket: bbb\n    account:\n      type: credentials\n      secret-access-key: planted\n",
		L "aws\n    bucket: bbb\n    account:\n      aws_session_token: planted\n",
		"clusters:\n  - {name: a, context: b, password: planted}\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };

		assert_null(project_parse(str_of(rows[i]), NULL, "f", &e));
		if (strstr(e.msg, "is a secret") == NULL || strstr(e.msg, "--access-key") == NULL || strncmp(e.msg, "f:", 2) != 0)
			fail_msg("row %zu: %s", i, e.msg);
		assert_null(strstr(e.msg, "planted"));
	}
}

static void
fields_become_parameters_of_the_url(void **state)
{
	static const struct { const char *text, *url; } rows[] = {
		{ L "aws\n    bucket: bbb\n", "s3://bbb" },
		{ L "dir\n    path: /x y/z\n", "dir:/x y/z" },
		{ L "dir\n    path: z\n", "dir:/conf/z" },
		{ L "aws\n    bucket: bbb\n    prefix: /a/b/\n    config: {region: eu-west-1}\n", "s3://bbb/a/b?region=eu-west-1" },
		{ L "s3\n    bucket: bbb\n    config:\n      s3Url: https://h:1/\n      s3ForcePathStyle: T\n      tagging: a=b&c=d\n"
			"      checksumAlgorithm: ''\n      insecureSkipTLSVerify: true\n      profile: p\n",
			"s3://bbb?s3Url=https://h:1/&s3ForcePathStyle=true&tagging=a=b%26c=d&checksumAlgorithm=&profile=p"
			"&insecureSkipTLSVerify=true" },
		{ L "aws\n    bucket: bbb\n    certificate: ca.pem\n    config: {customerKeyEncryptionFile: k}\n",
			"s3://bbb?customerKeyEncryptionFile=/conf/k&caFile=/conf/ca.pem" },
		{ L "aws\n    bucket: bbb\n    certificate: |\n      -----BEGIN CERTIFICATE-----\n",
			"s3://bbb?caCert=LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==" },
		{ L "aws\n    bucket: bbb\n    account: {type: credentials, profile: q}\n",
			"s3://bbb?credentialsFile=HOME/orlop/credentials/p/a&profile=q" },
		{ L "aws\n    bucket: bbb\n    account:\n      type: sts\n      roleArn: arn:aws:iam::1:role/r\n      externalId: x y\n"
			"    storageClass: GLACIER_IR\n    accessMode: ReadOnly\n    requesterPays: true\n    imdsV1: true\n",
			"s3://bbb?roleArn=arn:aws:iam::1:role/r&externalId=x%20y&storageClass=GLACIER_IR&accessMode=ReadOnly"
			"&requesterPays=true&imdsV1=true" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = { 0 };
		AUTO(project_freep) struct project *p = project_parse(str_of(rows[i].text), "p", "/conf/p.yaml", &e);
		AUTO_FREE char *url = NULL, *got = NULL;
		const char *at;

		if (p == NULL)
			fail_msg("row %zu: %s", i, e.msg);
		url = location_url(p, &p->locations.at[0]);
		at = strstr(url, home);
		got = at == NULL ? xstrdup(url) : xasprintf("%.*sHOME%s", (int)(at - url), url, at + strlen(home));
		assert_string_equal(got, rows[i].url);
	}
}

static void
one_location_or_the_named_one_is_the_default(void **state)
{
	AUTO(project_freep) struct project *one = parsed(L "dir\n    path: /x\n");
	AUTO(project_freep) struct project *two = parsed(L "dir\n    path: /x\n  - {name: b, provider: dir, path: /y}\n");
	AUTO(project_freep) struct project *named = parsed("defaultLocation: b\n" L "dir\n    path: /x\n"
		"  - {name: b, provider: dir, path: /y}\n");
	AUTO(project_freep) struct project *none = parsed("");
	struct err e = { 0 };

	(void)state;
	assert_string_equal(project_default_location(one)->name, "a");
	assert_null(project_default_location(two));
	assert_string_equal(project_default_location(named)->name, "b");
	assert_null(project_default_location(none));
	assert_null(project_location(two, "c", &e));
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_string_equal(e.msg, "there is no location 'c' in project 'default' (did you mean 'a'?)");
}

/* --- changing --- */

static const struct edit { const char *what, *before, *after; } edits[] = {
	{ "put new /n", "", "project: default\nlocations:\n  - name: new\n    provider: dir\n    path: /n\n" },
	{ "put new /n", "# mine\nproject: p # it is\n",
		"# mine\nproject: p # it is\nlocations:\n  - name: new\n    provider: dir\n    path: /n\n" },
	{ "put new /n", "project: p", "project: p\nlocations:\n  - name: new\n    provider: dir\n    path: /n\n" },
	{ "put new /n", "locations: []   # none\nschedules: []\n",
		"locations: # none\n  - name: new\n    provider: dir\n    path: /n\nschedules: []\n" },
	{ "put new /n", "locations:\n\n# end\nschedules: []\n",
		"locations:\n  - name: new\n    provider: dir\n    path: /n\n\n# end\nschedules: []\n" },
	{ "put new /n", "locations:\n- name: a   # A\n  path: /a\n\n  provider: dir  # last\n\n# next\nclusters: []\n",
		"locations:\n- name: a   # A\n  path: /a\n\n  provider: dir  # last\n- name: new\n  provider: dir\n  path: /n\n\n"
		"# next\nclusters: []\n" },
	{ "put new /n", "locations:\n    # the first\n    - {name: a, provider: dir, path: /a}",
		"locations:\n    # the first\n    - {name: a, provider: dir, path: /a}\n    - name: new\n      provider: dir\n"
		"      path: /n\n" },
	{ "put new /n", "project: p\r\nlocations:\r\n- {name: a, provider: dir, path: /a}\r\n",
		"project: p\r\nlocations:\r\n- {name: a, provider: dir, path: /a}\r\n- name: new\r\n  provider: dir\r\n"
		"  path: /n\r\n" },
	{ "put b /n", "locations:\n  # one\n  - name: a\n    provider: dir\n    path: /a # A\n  # two\n  -\n    # in two\n    name: b\n"
		"    provider: dir\n    path: /b\n  # three\n  - {name: c, provider: dir, path: /c}\n# end\n",
		"locations:\n  # one\n  - name: a\n    provider: dir\n    path: /a # A\n  # two\n  - name: b\n"
		"    provider: dir\n    path: /n\n  # three\n  - {name: c, provider: dir, path: /c}\n# end\n" },
	{ "cut a", "# 1\nlocations:\n  # 2\n  - name: a # 3\n    # 4\n    provider: dir\n    path: /a\n  # 5\n  - name: b\n"
		"    provider: dir\n    path: '/b'\n\n# 6\n",
		"# 1\nlocations:\n  # 2\n  # 5\n  - name: b\n    provider: dir\n    path: '/b'\n\n# 6\n" },
	{ "cut b", "locations:\n  - name: a\n    provider: dir\n    path: /a\n  - name: b\n    provider: aws\n    bucket: bbb\n"
		"    certificate: |\n      -----BEGIN CERTIFICATE-----\n      # no comment\n\nschedules: [] # 7\n",
		"locations:\n  - name: a\n    provider: dir\n    path: /a\nschedules: [] # 7\n" },
	{ "cut a", "defaultLocation: a # D\nlocations: # L\n  - {name: a, provider: dir, path: /a}\nclusters: []\n",
		"locations: # L\nclusters: []\n" },
	{ "default b", "project: p # P\nlocations: [{name: b, provider: dir, path: /b}]\n",
		"project: p # P\ndefaultLocation: b\nlocations: [{name: b, provider: dir, path: /b}]\n" },
	{ "default b", "defaultLocation: a\nlocations:\n- {name: a, provider: dir, path: /a}\n- {name: b, provider: dir, path: /b}\n",
		"defaultLocation: b\nlocations:\n- {name: a, provider: dir, path: /a}\n- {name: b, provider: dir, path: /b}\n" },
};

static int
edit_text(const struct project *p, const char *what, struct buf *out, struct err *e)
{
	AUTO(location_done) struct location l = { .provider = PROVIDER_DIR };
	struct str rest = str_of(what), verb, name;

	(void)str_split(&rest, ' ', &verb);
	(void)str_split(&rest, ' ', &name);
	l.name = str_dup(name);
	if (str_eqz(verb, "put")) {
		l.path = str_dup(rest);
		return project_text_put(p, &l, out, e);
	}
	return str_eqz(verb, "cut") ? project_text_cut(p, l.name, out, e) : project_text_default(p, l.name, out, e);
}

static void
edits_keep_everything_else_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(edits); i++) {
		AUTO(project_freep) struct project *p = parsed(edits[i].before);
		AUTO_BUF struct buf out = BUF_INIT(LIMIT_CONFIG);
		struct err e = { 0 };

		if (edit_text(p, edits[i].what, &out, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		assert_string_equal(buf_cstr(&out), edits[i].after);
	}
}

static void
forms_that_cannot_be_edited_are_refused_not_damaged(void **state)
{
	static const struct { const char *what, *text; } rows[] = {
		{ "put n /n", "locations: [{name: a, provider: dir, path: /a}]\n" },
		{ "cut a", "locations: [{name: a, provider: dir, path: /a}]\n" },
		{ "put n /n", "{project: p}\n" },
		{ "put n /n", "{locations: []}\n" },
		{ "put n /n", "locations: [\n]\n" },
		{ "put n /n", "project: p\n---\nother: document\n" },
		{ "put n /n", "project: p\n...\n" },
		{ "put n /n", "# \xc2\x85locations:\n- {name: a, provider: dir, path: /a}\n" },
		{ "put n /n", "project: p\rlocations:\r- {name: a, provider: dir, path: /a}\r" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(project_freep) struct project *p = NULL;
		AUTO_BUF struct buf out = BUF_INIT(LIMIT_CONFIG);
		struct err e = { 0 };

		p = project_parse(str_of(rows[i].text), NULL, "f", &e);
		if (p == NULL)
			fail_msg("row %zu: %s", i, e.msg);
		if (edit_text(p, rows[i].what, &out, &e) == 0)
			fail_msg("row %zu became:\n%s", i, buf_cstr(&out));
		assert_int_equal(out.len, 0);
		assert_int_equal(e.kind, EK_INVALID);
	}
}

/* --- files --- */

static void
put_dir(const char *name, bool replace, int rc)
{
	AUTO(location_done) struct location l = { .name = xstrdup(name), .provider = PROVIDER_DIR, .path = xstrdup("/x") };
	struct location_put put = { .l = &l, .replace = replace };
	struct err e = { 0 };

	if (project_put_location("default", &put, &e) != rc)
		fail_msg("%s: %s", name, e.msg);
}

static void
two_writers_lose_no_entry(void **state)
{
	enum { WRITERS = 4, EACH = 12 };
	AUTO(project_freep) struct project *p = NULL;
	pid_t pids[WRITERS];
	struct err e = { 0 };

	(void)state;
	for (int w = 0; w < WRITERS; w++) {
		pids[w] = fork();
		assert_true(pids[w] >= 0);
		if (pids[w] != 0)
			continue;
		for (int i = 0; i < EACH; i++) {
			AUTO_FREE char *name = xasprintf("w%d-%d", w, i);

			put_dir(name, false, 0);
		}
		_exit(0);
	}
	for (int w = 0; w < WRITERS; w++) {
		int status = -1;

		assert_int_equal(waitpid(pids[w], &status, 0), pids[w]);
		assert_int_equal(status, 0);
	}
	p = project_load("default", &e);
	assert_non_null(p);
	assert_int_equal(p->locations.len, WRITERS * EACH);
	put_dir("w0-0", false, -1);
	put_dir("w0-0", true, 0);
	put_dir("nobody", true, -1);
}

static void
keys_are_private_and_go_with_their_location(void **state)
{
	AUTO(location_done) struct location l = { .name = xstrdup("k"), .provider = PROVIDER_AWS, .bucket = xstrdup("bbb"),
		.account = ACCOUNT_CREDENTIALS };
	struct location_put put = { .l = &l, .keys = S("[default]\nplanted\n") };
	AUTO_FREE char *path = location_keys_path("default", "k"), *dir = file_dirname(path);
	AUTO(project_freep) struct project *p = NULL;
	struct err e = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(location_keys_check("default", "k", &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_int_equal(project_put_location("default", &put, &e), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(location_keys_check("default", "k", &e), 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(location_keys_check("default", "k", &e), -1);
	assert_int_equal(e.kind, EK_DENIED);
	assert_non_null(strstr(e.msg, "chmod 600"));
	/* A second one of that name must not touch them. */
	put.keys = S("other");
	assert_int_equal(project_put_location("default", &put, &e), -1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 18);
	p = project_load("default", &e);
	assert_null(strstr(p->text, "planted"));
	assert_int_equal(project_remove_location("default", "k", &e), 0);
	assert_int_equal(stat(path, &st), -1);
}

static void
the_current_project_is_the_nearest_word_about_it(void **state)
{
	struct err e = { 0 };
	AUTO_FREE char *none = project_current(NULL, &e), *used = NULL, *env = NULL, *explicit_ = NULL;

	(void)state;
	assert_string_equal(none, "default");
	assert_int_equal(project_use("retail", &e), -1);
	assert_int_equal(e.kind, EK_NOTFOUND);
	assert_int_equal(project_create("retail", &e), 0);
	assert_int_equal(project_create("retail", &e), -1);
	assert_int_equal(e.kind, EK_EXISTS);
	assert_int_equal(project_create("../x", &e), -1);
	assert_int_equal(project_use("retail", &e), 0);
	used = project_current(NULL, &e);
	assert_string_equal(used, "retail");
	setenv("ORLOP_PROJECT", "other", 1);
	env = project_current(NULL, &e);
	assert_string_equal(env, "other");
	explicit_ = project_current("third", &e);
	assert_string_equal(explicit_, "third");
	setenv("ORLOP_PROJECT", "../third", 1);
	assert_null(project_current(NULL, &e));
	unsetenv("ORLOP_PROJECT");
	assert_null(project_load("retal", &e));
	assert_string_equal(e.msg, "there is no project 'retal' (did you mean 'retail'?); 'orlop project list' shows those there "
		"are");
	assert_null(project_parse(S("project: retail\n"), "copy", "f", &e));
	assert_string_equal(e.msg, "f:1: this is the file of project 'copy', but it says 'project: retail'");
}

/* --- Velero --- */

static void
a_location_of_velero_comes_in_and_goes_out_again(void **state)
{
	static const char text[] = "apiVersion: v1\nkind: List\nitems:\n- kind: BackupStorageLocation\n  metadata: {name: other}\n"
		"- apiVersion: velero.io/v1\n  kind: BackupStorageLocation\n  metadata: {name: main, namespace: vel, uid: u}\n"
		"  spec:\n    provider: velero.io/aws\n    default: true\n    accessMode: ReadOnly\n"
		"    objectStorage: {bucket: bbb, prefix: p/, caCert: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==}\n"
		"    credential: {name: creds, key: k}\n    backupSyncPeriod: 1m0s\n    validationFrequency: 5m\n    config:\n"
		"      region: minio\n      s3Url: https://m:9000\n      publicUrl: https://x\n      s3ForcePathStyle: \"true\"\n"
		"      insecureSkipTLSVerify: \"true\"\n      serverSideEncryption: AES256\n      tagging: a=1&b=2\n"
		"      checksumAlgorithm: \"\"\n      profile: prof\n      signatureVersion: \"4\"\n      enableSharedConfig: \"true\"\n"
		"  status: {phase: Available}\n";
	static const char *const lines[] = { "provider: aws\n", "accessMode: ReadOnly\n", "bucket: bbb\n", "prefix: p\n",
		"caCert: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==\n", "region: minio\n", "s3Url: https://m:9000\n",
		"publicUrl: https://x\n", "s3ForcePathStyle: 'true'\n", "insecureSkipTLSVerify: 'true'\n",
		"serverSideEncryption: AES256\n", "tagging: a=1&b=2\n", "checksumAlgorithm: ''\n", "profile: prof\n",
		"signatureVersion: '4'\n", "enableSharedConfig: 'true'\n" };
	AUTO(location_done) struct location l = { .name = xstrdup("main") };
	AUTO(project_freep) struct project *p = parsed("");
	AUTO_STRS struct strs notes = { 0 };
	AUTO_BUF struct buf out = BUF_INIT(LIMIT_CONFIG);
	bool standard = false;
	struct err e = { 0 };

	(void)state;
	if (location_from_velero(str_of(text), "f", &l, &standard, &notes, &e) < 0 || location_check(&l, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(standard && l.insecure && l.read_only);
	assert_int_equal(l.provider, PROVIDER_S3);
	assert_int_equal(notes.len, 1);
	assert_non_null(strstr(notes.at[0], "kubectl -n vel get secret creds -o 'jsonpath={.data.k}'"));
	if (location_to_velero(p, &l, &out, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(buf_cstr(&out), lines[i]) == NULL)
			fail_msg("no '%s' in\n%s", lines[i], buf_cstr(&out));
}

static void
what_is_no_location_of_velero_is_refused(void **state)
{
	static const struct { const char *text, *error; } rows[] = {
		{ "kind: Backup\n", "f:1: this is no BackupStorageLocation (kind: Backup)" },
		{ "kind: List\nitems: []\n", "f:2: there is no BackupStorageLocation 'main' in this list of 0" },
		{ "kind: BackupStorageLocation\nspec:\n  provider: azure\n",
			"f:2: provider 'azure' is not supported: aws is (S3 and what speaks its protocol)" },
		{ "kind: BackupStorageLocation\nspec:\n  provider: aws\n  config:\n    regoin: x\n",
			"f:5: unknown key 'regoin' (did you mean 'region'?)" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO(location_done) struct location l = { .name = xstrdup("main") };
		AUTO_STRS struct strs notes = { 0 };
		bool standard = false;
		struct err e = { 0 };

		assert_int_equal(location_from_velero(str_of(rows[i].text), "f", &l, &standard, &notes, &e), -1);
		assert_string_equal(e.msg, rows[i].error);
	}
}

/* --- policies --- */

static void
policies_name_exactly_this_bucket_and_prefix(void **state)
{
	static const struct { const char *url; struct policy_opts o; const char *has[6], *hasnt[4]; } rows[] = {
		{ "s3://bbb", { 0 }, { "\"arn:aws:s3:::bbb/*\"", "\"arn:aws:s3:::bbb\"", "\"s3:PutObject\"" },
			{ "Condition", "ec2:", "kms:", "Tagging" } },
		{ "s3://bbb/p/q", { .ebs = true }, { "\"arn:aws:s3:::bbb/p/q/*\"", "\"p/q\"", "\"p/q/*\"", "ec2:CreateSnapshot" },
			{ "bbb/*", "kms:" } },
		{ "s3://bbb?accessMode=ReadOnly&tagging=a=b&kmsKeyId=k-1&region=eu-west-1", { 0 },
			{ "kms:Decrypt", "\"arn:aws:kms:eu-west-1:*:key/k-1\"" }, { "PutObject", "Delete", "GenerateDataKey" } },
		{ "s3://bbb?tagging=a=b&region=cn-north-1", { 0 }, { "s3:PutObjectTagging", "\"arn:aws-cn:s3:::bbb/*\"" }, { "arn:aws:" } },
		{ "s3://bbb?region=us-gov-west-1", { .kms_key = "arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/k" },
			{ "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/*", "\"kms:ResourceAliases\": \"alias/k\"" }, { "arn:aws:" } },
		{ "s3://bbb?roleArn=arn:aws:iam::123456789012:role/r&externalId=E", { 0 },
			{ "\"arn:aws:iam::123456789012:root\"", "\"sts:ExternalId\": \"E\"", "\"sts:AssumeRole\"" }, { "WebIdentity" } },
		{ "s3://bbb", { .principal = "210987654321", .external_id = "F" },
			{ "\"arn:aws:iam::210987654321:root\"", "\"sts:ExternalId\": \"F\"" }, { "WebIdentity" } },
		{ "s3://bbb", { .principal = "arn:aws:iam::210987654321:user/u" }, { "\"arn:aws:iam::210987654321:user/u\"" },
			{ "ExternalId" } },
		{ "s3://bbb", { .principal = "210987654321", .oidc_provider = "https://o.x/id/A/", .service_account = "n/s" },
			{ "\"arn:aws:iam::210987654321:oidc-provider/o.x/id/A\"", "\"o.x/id/A:sub\": \"system:serviceaccount:n:s\"",
			"\"o.x/id/A:aud\": \"sts.amazonaws.com\"", "sts:AssumeRoleWithWebIdentity" }, { ":root" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf all = BUF_INIT(MIB), trust = BUF_INIT(MIB), web = BUF_INIT(MIB);
		const struct buf *const docs[] = { &all, &trust, &web };
		struct err e = { 0 };

		if (location_policy(rows[i].url, &rows[i].o, &all, &trust, &web, &e) < 0)
			fail_msg("row %zu: %s", i, e.msg);
		for (size_t k = 0; k < COUNT(docs); k++) {
			AUTO_JDOC cJSON *d = docs[k]->len > 0 ? jdoc_parse(buf_str(docs[k]), &e) : NULL;

			assert_true(docs[k]->len == 0 || d != NULL);
		}
		buf_put_str(&all, buf_str(&trust));
		buf_put_str(&all, buf_str(&web));
		for (size_t k = 0; k < COUNT(rows[i].has) && rows[i].has[k] != NULL; k++)
			if (strstr(buf_cstr(&all), rows[i].has[k]) == NULL)
				fail_msg("row %zu: no %s in %s", i, rows[i].has[k], buf_cstr(&all));
		for (size_t k = 0; k < COUNT(rows[i].hasnt) && rows[i].hasnt[k] != NULL; k++)
			if (strstr(buf_cstr(&all), rows[i].hasnt[k]) != NULL)
				fail_msg("row %zu: %s in %s", i, rows[i].hasnt[k], buf_cstr(&all));
	}
}

static void
policies_that_make_no_sense_are_refused(void **state)
{
	static const struct { const char *url; struct policy_opts o; const char *word; } rows[] = {
		{ "dir:/x", { 0 }, "a folder needs no IAM policy" },
		{ "s3://bbb", { .external_id = "E" }, "--principal" },
		{ "s3://bbb", { .principal = "12345" }, "12 digits" },
		{ "s3://bbb", { .principal = "123456789012", .oidc_provider = "https://x" }, "--service-account" },
		{ "s3://bbb", { .principal = "123456789012", .oidc_provider = "https://x", .service_account = "s" }, "NAMESPACE/NAME" },
		{ "s3://bbb", { .principal = "123456789012", .oidc_provider = "http://x", .service_account = "n/s" }, "https://" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		AUTO_BUF struct buf all = BUF_INIT(MIB), trust = BUF_INIT(MIB), web = BUF_INIT(MIB);
		struct err e = { 0 };

		assert_int_equal(location_policy(rows[i].url, &rows[i].o, &all, &trust, &web, &e), -1);
		assert_int_equal(e.kind, EK_INVALID);
		if (strstr(e.msg, rows[i].word) == NULL)
			fail_msg("row %zu: %s", i, e.msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_files_are_refused_with_file_line_and_cause),
		cmocka_unit_test(secrets_are_refused_wherever_they_stand_and_not_repeated),
		cmocka_unit_test_setup_teardown(fields_become_parameters_of_the_url, setup, teardown),
		cmocka_unit_test(one_location_or_the_named_one_is_the_default),
		cmocka_unit_test(edits_keep_everything_else_byte_for_byte),
		cmocka_unit_test(forms_that_cannot_be_edited_are_refused_not_damaged),
		cmocka_unit_test_setup_teardown(two_writers_lose_no_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_are_private_and_go_with_their_location, setup, teardown),
		cmocka_unit_test_setup_teardown(the_current_project_is_the_nearest_word_about_it, setup, teardown),
		cmocka_unit_test(a_location_of_velero_comes_in_and_goes_out_again),
		cmocka_unit_test(what_is_no_location_of_velero_is_refused),
		cmocka_unit_test(policies_name_exactly_this_bucket_and_prefix),
		cmocka_unit_test(policies_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

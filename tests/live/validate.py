#!/usr/bin/env python3
"""What the suite of 'location validate' needs beside the shell.

    validate.py rows STEP STATUS CAUSE REMEDY < JSON   the step has this status, and these words ("a|b") in cause and remedy
    validate.py left URL BUCKET                        prints objects, versions and uploads in a bucket
    validate.py bucket URL BUCKET [versioned|locked]   makes one
    validate.py remedies SOURCE FILE                   each row of the table in SOURCE stands in the lines of rows in FILE
    validate.py ec2-users URL FOLDER                   two of moto, all.ini may make snapshots, some.ini may not
    validate.py without URL ACTION...                  prints variables with credentials that may do all but that
    validate.py tagless URL KEY                        the same, but nothing may be stored with a tag of that name
"""
import json
import re
import sys

import botocore.session


def client(service, url):
    return botocore.session.get_session().create_client(
        service, region_name="us-east-1", endpoint_url=url, aws_access_key_id="minioadmin",
        aws_secret_access_key="minioadmin")


def rows(step, status, cause, remedy):
    found = {row["step"]: row for row in json.load(sys.stdin)["items"]}
    row = found.get(step) or sys.exit("no step '%s' in %s" % (step, " ".join(found)))
    if row["status"] != status:
        sys.exit("'%s' is %s instead of %s: %s" % (step, row["status"], status, list(found.values())))
    for field, words in (("cause", cause), ("remedy", remedy)):
        for word in filter(None, words.split("|")):
            if word.lower() not in row[field].lower():
                sys.exit("no '%s' in the %s of '%s': %s" % (word, field, step, row[field]))
    if status in ("failed", "warning") and not (row["cause"] and row["remedy"]):
        sys.exit("'%s' lacks cause or remedy: %s" % (step, row))
    for other in found.values():
        if set(other) != {"step", "status", "ms", "detail", "cause", "remedy"} or not isinstance(other["ms"], int):
            sys.exit("not a complete row: %s" % other)


def left(url, bucket):
    s3 = client("s3", url)
    listed = s3.list_object_versions(Bucket=bucket)
    for kind in ("Versions", "DeleteMarkers"):
        for entry in listed.get(kind, []):
            print(kind, entry["Key"], entry["VersionId"])
    for entry in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        print("upload", entry["Key"])


def bucket(url, name, kind=""):
    s3 = client("s3", url)
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=kind == "locked")
    if kind == "versioned":
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if kind == "locked":
        s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}})


def ec2_users(url, folder):
    iam, actions = client("iam", url), ["DescribeVolumes", "DescribeSnapshots", "CreateTags", "CreateVolume",
                                        "CreateSnapshot", "DeleteSnapshot"]
    for name, denied in (("all", ()), ("some", ("DescribeSnapshots", "CreateSnapshot"))):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": [
                "ec2:" + action for action in actions if action not in denied]}]}))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        with open("%s/%s.ini" % (folder, name), "w") as out:
            out.write("[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n" % (
                key["AccessKeyId"], key["SecretAccessKey"]))


def denied(url, **statement):
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]},
        {"Effect": "Deny", "Resource": ["arn:aws:s3:::*"], **statement}]}
    keys = client("sts", url).assume_role(RoleArn="arn:minio:iam:::role/any", RoleSessionName="validate",
                                          Policy=json.dumps(policy))["Credentials"]
    print("export AWS_ACCESS_KEY_ID='%s' AWS_SECRET_ACCESS_KEY='%s' AWS_SESSION_TOKEN='%s'" % (
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]))


def without(url, *actions):
    denied(url, Action=list(actions))


def tagless(url, key):
    denied(url, Action=["s3:PutObject"], Condition={"ForAnyValue:StringEquals": {"s3:RequestObjectTagKeys": [key]}})


ROW = re.compile(r'''\{\s*(NULL|"[^"]*"),\s*(EK_\w+),\s*(NULL|"[^"]*"),\s*(NULL|"[^"]*"),\s*((?:"(?:[^"\\]|\\.)*"\s*)+)\}''')


def remedies(source, file):
    text = open(source).read()
    table = text[text.index("remedies[] = {"):text.index("names[FACT_COUNT_]")]
    table = [(step, kind, reason.strip('"*'), word.strip('"'), "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', said)))
             for step, kind, reason, word, said in ROW.findall(table)]
    seen = [row for line in open(file) if line.strip() for row in json.loads(line)["items"] if row["remedy"]]
    missing, texts = [], [row[4] for row in table]
    for step, kind, reason, word, said in table:
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", ".*", re.escape(said)) + "$")
        marks = [x for x in (reason, word) if x != "NULL"] if texts.count(said) > 1 else []
        if not any(pattern.match(row["remedy"]) and all(mark in row["cause"] for mark in marks) for row in seen):
            missing.append((step, kind, reason, word, said))
    print("%d remedies, %d answers" % (len(table), len(seen)))
    if missing or len(table) < 60:
        sys.exit("no case provokes\n" + "\n".join(map(str, missing)))


{"remedies": remedies, "ec2-users": ec2_users, "rows": rows, "left": left, "bucket": bucket, "without": without,
 "tagless": tagless}[sys.argv[1]](*sys.argv[2:])

# Unit tests, one list per layer; a test links only what its layer may see.
include tests/unit/base.mk
include tests/unit/data.mk
include tests/unit/net.mk
include tests/unit/aws.mk
include tests/unit/k8s.mk
include tests/unit/archive.mk
include tests/unit/store.mk
include tests/unit/cli.mk
include tests/unit/engine.mk
include tests/unit/app.mk
include tests/unit/ui.mk

noinst_LIBRARIES += src/k8s/libk8s.a
src_k8s_libk8s_a_SOURCES = \
	src/k8s/auth.c \
	src/k8s/auth.h \
	src/k8s/client.c \
	src/k8s/client.h \
	src/k8s/discovery.c \
	src/k8s/discovery.h \
	src/k8s/exec.c \
	src/k8s/exec.h \
	src/k8s/kubeconfig.c \
	src/k8s/kubeconfig.h \
	src/k8s/kubeconn.c \
	src/k8s/kubefile.h \
	src/k8s/list.c \
	src/k8s/list.h \
	src/k8s/quantity.c \
	src/k8s/quantity.h \
	src/k8s/selector.c \
	src/k8s/selector.h \
	src/k8s/server.c \
	src/k8s/server.h

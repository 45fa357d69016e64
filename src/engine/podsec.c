/* The rules of the Pod Security Standards, a row each. */
#include "engine/podsec.h"

#include "base/attr.h"

static const char *const level_texts[] = {
	[PODSEC_PRIVILEGED] = "privileged", [PODSEC_BASELINE] = "baseline", [PODSEC_RESTRICTED] = "restricted",
};

enum podsec_level
podsec_level(struct str label)
{
	for (size_t i = 0; i < COUNT(level_texts); i++)
		if (str_eqz(label, level_texts[i]))
			return (enum podsec_level)i;
	return PODSEC_PRIVILEGED;
}

const char *
podsec_level_text(enum podsec_level l)
{
	return level_texts[l];
}

static bool
in_list(struct str s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (str_eqz(s, *list))
			return true;
	return false;
}

/* Is the text there, and none of the list? */
static bool
other_than(struct jnode *n, const char *const *list)
{
	return jnode_type(n) == J_STR && !in_list(jnode_text(n), list);
}

/* Does fn say yes of a container? */
typedef bool container_fn(struct jnode *container);
static bool
any_container(struct jnode *spec, container_fn *fn)
{
	static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };

	for (size_t i = 0; i < COUNT(lists); i++)
		for (struct jnode *c = jnode_first(jnode_get(spec, lists[i])); c != NULL; c = jnode_next(c))
			if (fn(c))
				return true;
	return false;
}

/* ... or of the pod's own security context? */
typedef bool context_fn(struct jnode *context);
static bool
any_context(struct jnode *spec, context_fn *fn)
{
	static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };

	if (fn(jnode_get(spec, "securityContext")))
		return true;
	for (size_t i = 0; i < COUNT(lists); i++)
		for (struct jnode *c = jnode_first(jnode_get(spec, lists[i])); c != NULL; c = jnode_next(c))
			if (fn(jnode_get(c, "securityContext")))
				return true;
	return false;
}

/* --- baseline --- */

static bool
host_namespaces(struct jnode *spec)
{
	return jnode_true(jnode_get(spec, "hostNetwork")) || jnode_true(jnode_get(spec, "hostPID"))
		|| jnode_true(jnode_get(spec, "hostIPC"));
}

static bool
context_host_process(struct jnode *context)
{
	return jnode_true(jnode_walk(context, "windowsOptions", "hostProcess", NULL));
}

static bool
host_process(struct jnode *spec)
{
	return any_context(spec, context_host_process);
}

static bool
container_privileged(struct jnode *c)
{
	return jnode_true(jnode_walk(c, "securityContext", "privileged", NULL));
}

static bool
privileged(struct jnode *spec)
{
	return any_container(spec, container_privileged);
}

static bool
adds_other_than(struct jnode *c, const char *const *list)
{
	for (struct jnode *n = jnode_first(jnode_walk(c, "securityContext", "capabilities", "add", NULL)); n != NULL;
	     n = jnode_next(n))
		if (other_than(n, list))
			return true;
	return false;
}

static bool
container_baseline_capabilities(struct jnode *c)
{
	static const char *const allowed[] = { "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
		"NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", NULL };

	return adds_other_than(c, allowed);
}

static bool
baseline_capabilities(struct jnode *spec)
{
	return any_container(spec, container_baseline_capabilities);
}

static bool
host_path(struct jnode *spec)
{
	for (struct jnode *v = jnode_first(jnode_get(spec, "volumes")); v != NULL; v = jnode_next(v))
		if (jnode_type(jnode_get(v, "hostPath")) == J_OBJ)
			return true;
	return false;
}

static bool
container_host_port(struct jnode *c)
{
	int64_t port;

	for (struct jnode *p = jnode_first(jnode_get(c, "ports")); p != NULL; p = jnode_next(p))
		if (jnode_int(jnode_get(p, "hostPort"), &port) && port != 0)
			return true;
	return false;
}

static bool
host_port(struct jnode *spec)
{
	return any_container(spec, container_host_port);
}

static const char *const profiles[] = { "RuntimeDefault", "Localhost", NULL };

static bool
context_apparmor(struct jnode *context)
{
	return other_than(jnode_walk(context, "appArmorProfile", "type", NULL), profiles);
}

static bool
apparmor(struct jnode *spec)
{
	return any_context(spec, context_apparmor);
}

static bool
context_selinux(struct jnode *context)
{
	static const char *const types[] = { "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t",
		NULL };
	struct jnode *options = jnode_get(context, "seLinuxOptions");

	return other_than(jnode_get(options, "type"), types) || jnode_text(jnode_get(options, "user")).len > 0
		|| jnode_text(jnode_get(options, "role")).len > 0;
}

static bool
selinux(struct jnode *spec)
{
	return any_context(spec, context_selinux);
}

static bool
container_proc_mount(struct jnode *c)
{
	static const char *const allowed[] = { "", "Default", NULL };

	return other_than(jnode_walk(c, "securityContext", "procMount", NULL), allowed);
}

static bool
proc_mount(struct jnode *spec)
{
	return any_container(spec, container_proc_mount);
}

static bool
context_unconfined(struct jnode *context)
{
	return other_than(jnode_walk(context, "seccompProfile", "type", NULL), profiles);
}

static bool
unconfined(struct jnode *spec)
{
	return any_context(spec, context_unconfined);
}

static bool
sysctls(struct jnode *spec)
{
	static const char *const safe[] = { "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range",
		"net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
		"net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
		"net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", NULL };

	for (struct jnode *n = jnode_first(jnode_walk(spec, "securityContext", "sysctls", NULL)); n != NULL; n = jnode_next(n))
		if (other_than(jnode_get(n, "name"), safe))
			return true;
	return false;
}

/* --- restricted --- */

static bool
volume_types(struct jnode *spec)
{
	static const char *const allowed[] = { "name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral",
		"persistentVolumeClaim", "projected", "secret", "image", NULL };

	for (struct jnode *v = jnode_first(jnode_get(spec, "volumes")); v != NULL; v = jnode_next(v))
		for (struct jnode *m = jnode_first(v); m != NULL; m = jnode_next(m))
			if (!in_list(jnode_key(m), allowed) && jnode_type(m) == J_OBJ)
				return true;
	return false;
}

static bool
container_escalates(struct jnode *c)
{
	bool allowed = true;

	(void)jnode_bool(jnode_walk(c, "securityContext", "allowPrivilegeEscalation", NULL), &allowed);
	return allowed;
}

static bool
escalation(struct jnode *spec)
{
	return any_container(spec, container_escalates);
}

static bool
container_may_be_root(struct jnode *c)
{
	return !jnode_true(jnode_walk(c, "securityContext", "runAsNonRoot", NULL));
}

static bool
container_wants_root(struct jnode *c)
{
	bool non_root = true;

	return jnode_bool(jnode_walk(c, "securityContext", "runAsNonRoot", NULL), &non_root) && !non_root;
}

/* What the pod says holds for containers that say nothing. */
static bool
may_be_root(struct jnode *spec)
{
	bool pod = jnode_true(jnode_walk(spec, "securityContext", "runAsNonRoot", NULL));

	return any_container(spec, pod ? container_wants_root : container_may_be_root);
}

static bool
context_is_root(struct jnode *context)
{
	int64_t uid;

	return jnode_int(jnode_get(context, "runAsUser"), &uid) && uid == 0;
}

static bool
is_root(struct jnode *spec)
{
	return any_context(spec, context_is_root);
}

static bool
container_no_seccomp(struct jnode *c)
{
	return jnode_text(jnode_walk(c, "securityContext", "seccompProfile", "type", NULL)).len == 0;
}

static bool
no_seccomp(struct jnode *spec)
{
	return jnode_text(jnode_walk(spec, "securityContext", "seccompProfile", "type", NULL)).len == 0
		&& any_container(spec, container_no_seccomp);
}

static bool
container_keeps_capabilities(struct jnode *c)
{
	static const char *const allowed[] = { "NET_BIND_SERVICE", NULL };

	if (adds_other_than(c, allowed))
		return true;
	for (struct jnode *n = jnode_first(jnode_walk(c, "securityContext", "capabilities", "drop", NULL)); n != NULL;
	     n = jnode_next(n))
		if (jnode_is_text(n, "ALL"))
			return false;
	return true;
}

static bool
keeps_capabilities(struct jnode *spec)
{
	return any_container(spec, container_keeps_capabilities);
}

static const struct {
	enum podsec_level level;
	bool            (*broken)(struct jnode *spec);
	const char       *text;
} rules[] = {
	{ PODSEC_BASELINE, host_namespaces, "host namespaces" },
	{ PODSEC_BASELINE, host_process, "hostProcess" },
	{ PODSEC_BASELINE, privileged, "privileged containers" },
	{ PODSEC_BASELINE, baseline_capabilities, "added capabilities" },
	{ PODSEC_BASELINE, host_path, "hostPath volumes" },
	{ PODSEC_BASELINE, host_port, "hostPort" },
	{ PODSEC_BASELINE, apparmor, "unconfined AppArmor" },
	{ PODSEC_BASELINE, selinux, "seLinuxOptions" },
	{ PODSEC_BASELINE, proc_mount, "procMount" },
	{ PODSEC_BASELINE, unconfined, "unconfined seccomp" },
	{ PODSEC_BASELINE, sysctls, "unsafe sysctls" },
	{ PODSEC_RESTRICTED, volume_types, "types of volumes" },
	{ PODSEC_RESTRICTED, escalation, "allowPrivilegeEscalation is not false" },
	{ PODSEC_RESTRICTED, may_be_root, "runAsNonRoot is not true" },
	{ PODSEC_RESTRICTED, is_root, "runAsUser is 0" },
	{ PODSEC_RESTRICTED, no_seccomp, "no seccompProfile" },
	{ PODSEC_RESTRICTED, keeps_capabilities, "capabilities are not dropped" },
};

bool
podsec_violations(struct jnode *spec, enum podsec_level level, struct buf *out)
{
	bool found = false;

	for (size_t i = 0; i < COUNT(rules); i++) {
		if (rules[i].level > level || !rules[i].broken(spec))
			continue;
		buf_putf(out, "%s%s", found ? ", " : "", rules[i].text);
		found = true;
	}
	return found;
}

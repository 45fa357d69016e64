/* Storage classes that are missing or mean something else; what that says about the cloud; volumes' data. */
#include "base/mem.h"
#include "engine/preflight_impl.h"

#include <string.h>

/* Whose volumes they are: to call a change of cloud by its name. */
static const struct { const char *provisioner, *cloud; } clouds[] = {
	{ "ebs.csi.aws.com", "AWS" }, { "efs.csi.aws.com", "AWS" }, { "fsx.csi.aws.com", "AWS" },
	{ "kubernetes.io/aws-ebs", "AWS" }, { "pd.csi.storage.gke.io", "Google Cloud" },
	{ "filestore.csi.storage.gke.io", "Google Cloud" }, { "kubernetes.io/gce-pd", "Google Cloud" },
	{ "disk.csi.azure.com", "Azure" }, { "file.csi.azure.com", "Azure" }, { "kubernetes.io/azure-disk", "Azure" },
	{ "kubernetes.io/azure-file", "Azure" }, { "csi.vsphere.vmware.com", "vSphere" },
	{ "kubernetes.io/vsphere-volume", "vSphere" }, { "cinder.csi.openstack.org", "OpenStack" },
	{ "dobs.csi.digitalocean.com", "DigitalOcean" }, { "csi.hetzner.cloud", "Hetzner" },
};

static const char *
cloud_of(const char *provisioner)
{
	for (size_t i = 0; i < COUNT(clouds); i++)
		if (strcmp(provisioner, clouds[i].provisioner) == 0)
			return clouds[i].cloud;
	return NULL;
}

static const struct class *
find(const struct class *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0)
			return &v[i];
	return NULL;
}

static struct str
field(const struct class *c, const char *key)
{
	struct str raw = { 0 };

	if (c != NULL)
		(void)jget(str_of(c->json), key, &raw);
	return raw;
}

static const char *
provisioner_of(struct preflight *p, const struct class *c)
{
	struct str text;

	return jstr_plain(field(c, "provisioner"), &text) ? arena_strdup(&p->arena, text) : "";
}

static bool
same_means(const struct class *a, const struct class *b)
{
	return str_eq(field(a, "provisioner"), field(b, "provisioner")) && jequal(field(a, "parameters"), field(b, "parameters"));
}

/* The class of the cluster to take instead: the same under another name, else the default one, else the only one of the
 * same provisioner.  was may be NULL. */
static const struct class *
instead(const struct preflight *p, const struct class *was)
{
	const struct class *best = NULL;

	for (size_t i = 0; i < p->classes.len; i++)
		if (was != NULL && same_means(was, &p->classes.at[i]))
			return &p->classes.at[i];
	for (size_t i = 0; i < p->classes.len; i++)
		if (p->classes.at[i].is_default)
			return &p->classes.at[i];
	for (size_t i = 0; i < p->classes.len; i++)
		if (was != NULL && str_eq(field(was, "provisioner"), field(&p->classes.at[i], "provisioner")))
			best = &p->classes.at[i];
	return best != NULL || p->classes.len != 1 ? best : &p->classes.at[0];
}

static void
tell_missing(struct preflight *p, const struct use *u)
{
	const struct class *was = find(p->stored_classes.at, p->stored_classes.len, u->name), *to = instead(p, was);
	const char *made_by = provisioner_of(p, was), *cloud = cloud_of(made_by), *to_cloud;
	AUTO_FREE char *remedy = NULL;
	AUTO_FREE char *text = NULL;

	if (u->name[0] == '\0') {
		pf_tell(p, PF_STORAGE_CLASS_MISSING, u, "mark a class as the default one (annotation "
			"storageclass.kubernetes.io/is-default-class), or set it (--resource-modifiers)",
			"the cluster has no default storage class; %llu objects want one", (unsigned long long)u->n);
		return;
	}
	to_cloud = to != NULL ? cloud_of(provisioner_of(p, to)) : NULL;
	if (cloud != NULL && to_cloud != NULL && strcmp(cloud, to_cloud) != 0)
		text = xasprintf("; it was made by %s (%s), this cluster's volumes are of %s", made_by, cloud, to_cloud);
	else if (made_by[0] != '\0')
		text = xasprintf("; it was made by %s", made_by);
	if (to != NULL)
		remedy = xasprintf("--storage-class-mappings %s:%s, or create the class first", u->name, to->name);
	else
		remedy = xstrdup("create the class first, or map it to another one (--storage-class-mappings)");
	pf_tell(p, PF_STORAGE_CLASS_MISSING, u, remedy, "storage class '%s' is not in the cluster; %llu objects need it%s",
		u->name, (unsigned long long)u->n, text != NULL ? text : "");
}

static void
tell_different(struct preflight *p, const struct use *u)
{
	const struct class *was = find(p->stored_classes.at, p->stored_classes.len, u->name);
	const struct class *is = find(p->classes.at, p->classes.len, u->name);
	const char *from, *to;

	if (was == NULL || is == NULL || same_means(was, is))
		return;
	from = provisioner_of(p, was);
	to = provisioner_of(p, is);
	if (strcmp(from, to) != 0)
		pf_tell(p, PF_STORAGE_CLASS_DIFFERS, u, "check that volumes of that class are what these objects need, or map it "
			"(--storage-class-mappings)", "storage class '%s' is another one: %s in the backup, %s in the cluster", u->name,
			from, to);
	else
		pf_tell(p, PF_STORAGE_CLASS_DIFFERS, u, "check that volumes of that class are what these objects need, or map it "
			"(--storage-class-mappings)", "storage class '%s' has other parameters in the cluster", u->name);
}

int
pf_check_storage(struct preflight *p, struct err *e)
{
	const struct use *u;

	(void)e;
	for (size_t i = 0; !p->unknown[USE_STORAGE_CLASS] && (u = pf_next(p, USE_STORAGE_CLASS, &i)) != NULL;) {
		if (!u->there)
			tell_missing(p, u);
		else
			tell_different(p, u);
	}
	for (size_t i = 0; !p->unknown[USE_PROVISIONER] && (u = pf_next(p, USE_PROVISIONER, &i)) != NULL;) {
		const char *cloud = cloud_of(u->name);

		/* Old provisioners need no object; those are known only where a class names them. */
		if (!u->there && strcmp(u->name, "kubernetes.io/no-provisioner") != 0)
			pf_tell(p, PF_PROVISIONER_MISSING, u, "install its driver, or map the storage class (--storage-class-mappings)",
				"nothing in the cluster makes or mounts volumes of %s%s%s%s: %llu objects name it", u->name,
				cloud != NULL ? " (" : "", cloud != NULL ? cloud : "", cloud != NULL ? ")" : "", (unsigned long long)u->n);
	}
	return 0;
}

/* --- data of volumes --- */

static void
check_snapshot_class(struct preflight *p, const struct use *u)
{
	const struct class *was = find(p->stored_snapshot_classes.at, p->stored_snapshot_classes.len, u->name);
	const struct class *is = find(p->snapshot_classes.at, p->snapshot_classes.len, u->name), *alike = NULL;
	AUTO_FREE char *remedy = NULL;

	if (is != NULL && was != NULL && !jequal(field(was, "driver"), field(is, "driver"))) {
		pf_tell(p, PF_SNAPSHOT_CLASS_DIFFERS, u, "check that its driver can read these snapshots: another one cannot",
			"volume snapshot class '%s' is another one: driver " STR_FMT " in the backup, " STR_FMT " in the cluster", u->name,
			STR_ARG(field(was, "driver")), STR_ARG(field(is, "driver")));
		return;
	}
	if (u->there)
		return;
	for (size_t i = 0; was != NULL && i < p->snapshot_classes.len; i++)
		if (jequal(field(was, "driver"), field(&p->snapshot_classes.at[i], "driver")))
			alike = &p->snapshot_classes.at[i];
	if (alike != NULL)
		remedy = xasprintf("take '%s', which has the same driver, or create it", alike->name);
	pf_tell(p, PF_SNAPSHOT_CLASS_MISSING, u, remedy != NULL ? remedy : "create it, or restore it, too: its snapshots are not "
		"taken over without", "volume snapshot class '%s' is not in the cluster; %llu snapshots name it", u->name,
		(unsigned long long)u->n);
}

int
pf_check_volumes(struct preflight *p, struct err *e)
{
	const struct vvolumes *v = &p->rs->volumes;
	size_t native = 0, csi = 0, files = 0;
	const struct use *u;

	(void)e;
	for (size_t i = 0; i < v->len; i++) {
		const struct vvolume *one = &v->at[i];
		struct str ns = str_of(one->pvc_namespace), method = str_of(one->method);

		if (ns.len > 0 && pf_ns(p, restore_map_ns(p->rs, ns)) == NULL)
			continue;
		native += str_eq(method, S("NativeSnapshot"));
		csi += str_eq(method, S("CSISnapshot"));
		files += str_eq(method, S("PodVolumeBackup"));
	}
	if (native + csi + files > 0)
		pf_tell(p, PF_VOLUME_DATA, NULL, "copy the data by other means; for another cloud account, have the snapshots shared "
			"with it first", "the data of %zu volumes is outside the backup (%zu snapshots of disks, %zu CSI snapshots, %zu file "
			"copies) and is not restored: their claims get empty volumes", native + csi + files, native, csi, files);
	for (size_t i = 0; !p->unknown[USE_SNAPSHOT_CLASS] && (u = pf_next(p, USE_SNAPSHOT_CLASS, &i)) != NULL;)
		check_snapshot_class(p, u);
	return 0;
}

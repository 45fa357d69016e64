/* Resource policies. */
#include "engine/policy.h"

#include "base/mem.h"
#include "data/yaml.h"

#include <string.h>

#define FILE_NAME "--resource-policies"

static int
refuse(const struct ynode *n, struct err *e, const char *why)
{
	return err_set(e, EK_INVALID, FILE_NAME ":%u: %s", n->line, why);
}

static bool
in_list(const char *text, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

/* --- values --- */

/* The member; NULL: absent or null. */
static const struct ynode *
member(const struct ynode *map, const char *key)
{
	const struct ynode *n = yaml_get(map, key);

	return n != NULL && n->kind == Y_SCALAR && yaml_text(map, key) == NULL ? NULL : n;
}

/* The member is a list of texts, each one of known unless that is NULL. */
static int
check_texts(const struct ynode *map, const char *key, const char *const *known, struct err *e)
{
	const struct ynode *list = member(map, key);

	if (list == NULL)
		return 0;
	if (list->kind != Y_SEQ)
		return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: a list is expected", list->line, key);
	for (size_t i = 0; i < list->len; i++) {
		const struct ynode *n = list->at[i];

		if (n->kind != Y_SCALAR || *n->text == '\0')
			return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: a list of texts is expected", n->line, key);
		if (known != NULL && !in_list(n->text, known))
			return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: unknown '%.100s'", n->line, key, n->text);
	}
	return 0;
}

/* The member is a map of texts. */
static int
check_map(const struct ynode *parent, const char *key, struct err *e)
{
	const struct ynode *map = member(parent, key);

	if (map == NULL)
		return 0;
	if (map->kind != Y_MAP)
		return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: keys and values are expected", map->line, key);
	for (size_t i = 0; i < map->len; i++)
		if (map->at[i]->kind != Y_SCALAR)
			return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: '%.100s' is no text", map->at[i]->line, key,
				map->at[i]->key);
	return 0;
}

/* A quantity of Kubernetes ("10Gi", "1e3", "500M"); empty: 0.  Only its size matters here. */
static bool
quantity(struct str s, double *out)
{
	static const struct { const char *suffix; double factor; } units[] = {
		{ "", 1 }, { "n", 1e-9 }, { "u", 1e-6 }, { "m", 1e-3 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 },
		{ "T", 1e12 }, { "P", 1e15 }, { "E", 1e18 }, { "Ki", 0x1p10 }, { "Mi", 0x1p20 }, { "Gi", 0x1p30 },
		{ "Ti", 0x1p40 }, { "Pi", 0x1p50 }, { "Ei", 0x1p60 },
	};
	double v = 0, place = 1;
	bool digits = false, fraction = false;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.p[i] == '.' && !fraction) {
			fraction = true;
		} else if (s.p[i] >= '0' && s.p[i] <= '9') {
			digits = true;
			place = fraction ? place / 10 : 1;
			v = fraction ? v + place * (s.p[i] - '0') : 10 * v + (s.p[i] - '0');
		} else {
			break;
		}
	}
	s = str_sub(s, i, s.len);
	*out = 0;
	if (!digits)
		return i == 0 && s.len == 0;
	for (i = 0; i < COUNT(units) && !str_eqz(s, units[i].suffix); i++)
		;
	if (i == COUNT(units))
		return false;
	*out = v * units[i].factor;
	return true;
}

/* --- volume policies --- */

/* "from,to", both inclusive, an empty one or a 0 at the end: open. */
static int
check_capacity(const struct ynode *n, struct err *e)
{
	struct str rest, from;
	double low, high;

	if (n == NULL)
		return 0;
	if (n->kind != Y_SCALAR)
		return refuse(n, e, "capacity: a text is expected");
	rest = str_of(n->text);
	if (!str_split(&rest, ',', &from) || rest.p == NULL || str_chr(rest, ',') < rest.len
	    || !quantity(str_trim(from), &low) || !quantity(str_trim(rest), &high))
		return err_set(e, EK_INVALID, FILE_NAME ":%u: capacity: '%.100s' is not like '10Gi,100Gi'", n->line, n->text);
	if (high < low && high > 0)
		return err_set(e, EK_INVALID, FILE_NAME ":%u: capacity: '%.100s' ends before it begins", n->line, n->text);
	return 0;
}

static int
check_csi(const struct ynode *csi, struct err *e)
{
	static const char *const known[] = { "driver", "volumeAttributes", NULL };
	const char *driver = yaml_text(csi, "driver");
	const struct ynode *attributes = member(csi, "volumeAttributes");

	if (yaml_only(csi, FILE_NAME, known, e) < 0 || check_map(csi, "volumeAttributes", e) < 0)
		return -1;
	if (attributes != NULL && (driver == NULL || *driver == '\0'))
		return refuse(attributes, e, "csi: volumeAttributes need a driver");
	return 0;
}

static int
check_conditions(const struct ynode *c, struct err *e)
{
	static const char *const known[] = { "capacity", "storageClass", "nfs", "csi", "volumeTypes", "pvcLabels",
		"pvcPhase", "pvcVolumeMode", "pvcAccessModes", NULL };
	static const char *const nfs[] = { "server", "path", NULL };
	static const char *const phases[] = { "Pending", "Bound", "Lost", NULL };
	static const char *const types[] = { "awsElasticBlockStore", "azureDisk", "azureFile", "cinder", "cephfs",
		"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "fc", "flocker", "flexVolume", "gitRepo",
		"glusterfs", "gcePersistentDisk", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk",
		"portworxVolume", "projected", "quobyte", "rbd", "scaleIO", "secret", "storageOS", "vsphereVolume",
		NULL };

	if (yaml_only(c, FILE_NAME, known, e) < 0 || check_capacity(member(c, "capacity"), e) < 0
	    || check_texts(c, "storageClass", NULL, e) < 0
	    || yaml_only(yaml_get(c, "nfs"), FILE_NAME, nfs, e) < 0 || check_map(c, "nfs", e) < 0
	    || check_csi(yaml_get(c, "csi"), e) < 0 || check_texts(c, "volumeTypes", types, e) < 0
	    || check_map(c, "pvcLabels", e) < 0 || check_texts(c, "pvcPhase", phases, e) < 0)
		return -1;
	return check_texts(c, "pvcAccessModes", NULL, e);
}

static int
check_volume_policy(const struct ynode *p, struct err *e)
{
	static const char *const known[] = { "conditions", "action", NULL };
	static const char *const action_keys[] = { "type", "parameters", NULL };
	static const char *const actions[] = { "skip", "fs-backup", "snapshot", "custom", NULL };
	const struct ynode *action = yaml_get(p, "action");
	const char *type = yaml_text(action, "type");

	if (yaml_only(p, FILE_NAME, known, e) < 0 || check_conditions(yaml_get(p, "conditions"), e) < 0
	    || yaml_only(action, FILE_NAME, action_keys, e) < 0)
		return -1;
	if (type == NULL || !in_list(type, actions))
		return err_set(e, EK_INVALID, FILE_NAME ":%u: the type of an action is skip, fs-backup, snapshot or custom, "
			"not '%.100s'", action != NULL ? action->line : p->line, type != NULL ? type : "");
	return 0;
}

static int
check_volume_policies(const struct ynode *list, size_t *count, struct err *e)
{
	if (list == NULL)
		return 0;
	if (list->kind != Y_SEQ)
		return refuse(list, e, "volumePolicies: a list is expected");
	for (size_t i = 0; i < list->len; i++) {
		if (list->at[i]->kind != Y_MAP)
			return refuse(list->at[i], e, "a volume policy has conditions and an action");
		if (check_volume_policy(list->at[i], e) < 0)
			return -1;
	}
	*count = list->len;
	return 0;
}

/* --- includes and excludes --- */

static int
take_types(const struct ynode *map, const char *key, struct strs *out, struct err *e)
{
	const struct ynode *list = member(map, key);

	if (check_texts(map, key, NULL, e) < 0)
		return -1;
	for (size_t i = 0; list != NULL && i < list->len; i++) {
		if (strcmp(list->at[i]->text, "*") == 0)
			return err_set(e, EK_INVALID, FILE_NAME ":%u: %s: '*' is not allowed here: name the resources",
				list->at[i]->line, key);
		strs_add(out, list->at[i]->text);
	}
	return 0;
}

static int
check_both(const struct ynode *map, const struct strs *inc, const struct strs *exc, struct err *e)
{
	for (size_t i = 0; i < inc->len; i++)
		for (size_t j = 0; j < exc->len; j++)
			if (strcmp(inc->at[i], exc->at[j]) == 0)
				return err_set(e, EK_INVALID, FILE_NAME ":%u: resource '%.100s' is both included and excluded",
					map->line, inc->at[i]);
	return 0;
}

static int
take_include_exclude(const struct ynode *map, struct policy *p, struct err *e)
{
	static const char *const known[] = { "includedClusterScopedResources", "excludedClusterScopedResources",
		"includedNamespaceScopedResources", "excludedNamespaceScopedResources", NULL };

	if (yaml_only(map, FILE_NAME, known, e) < 0
	    || take_types(map, known[0], &p->inc_cluster_resources, e) < 0
	    || take_types(map, known[1], &p->exc_cluster_resources, e) < 0
	    || take_types(map, known[2], &p->inc_ns_resources, e) < 0
	    || take_types(map, known[3], &p->exc_ns_resources, e) < 0)
		return -1;
	if (check_both(map, &p->inc_cluster_resources, &p->exc_cluster_resources, e) < 0)
		return -1;
	return check_both(map, &p->inc_ns_resources, &p->exc_ns_resources, e);
}

/* --- the document --- */

static int
take_policies(const struct ynode *doc, struct policy *p, struct err *e)
{
	static const char *const known[] = { "version", "volumePolicies", "includeExcludePolicy", NULL };
	static const char *const later[] = { "clusterScopedFilterPolicy", "namespacedFilterPolicies", NULL };
	const char *version = yaml_text(doc, "version");

	for (size_t i = 0; later[i] != NULL; i++)
		if (yaml_get(doc, later[i]) != NULL)
			return err_set(e, EK_INVALID, FILE_NAME ":%u: %s is not supported: use the filter options",
				yaml_get(doc, later[i])->line, later[i]);
	if (yaml_only(doc, FILE_NAME, known, e) < 0)
		return -1;
	if (version == NULL || strcmp(version, "v1") != 0)
		return err_set(e, EK_INVALID, FILE_NAME ": 'version: v1' is expected, not '%.100s'",
			version != NULL ? version : "");
	return check_volume_policies(member(doc, "volumePolicies"), &p->volume_policies, e) < 0
		|| take_include_exclude(yaml_get(doc, "includeExcludePolicy"), p, e) < 0 ? -1 : 0;
}

/* Lines are then those of the text inside the ConfigMap. */
static int
take_config_map(const struct ynode *doc, struct policy *p, struct err *e)
{
	AUTO_YAML struct ynode *inner = NULL;
	const struct ynode *data = yaml_get(doc, "data");

	if (data == NULL || data->kind != Y_MAP || data->len != 1 || data->at[0]->kind != Y_SCALAR)
		return err_set(e, EK_INVALID, FILE_NAME ": a ConfigMap with policies has exactly one key in its data");
	inner = yaml_parse(str_of(data->at[0]->text), FILE_NAME, e);
	if (inner == NULL || take_policies(inner, p, e) < 0)
		return err_ctx(e, "'%.100s' of the ConfigMap", data->at[0]->key);
	return 0;
}

int
policy_parse(const char *yaml, struct policy *out, struct err *e)
{
	AUTO_YAML struct ynode *doc = yaml_parse(str_of(yaml), FILE_NAME, e);
	struct policy p = { 0 };
	const char *kind;
	int rc;

	if (doc == NULL)
		return -1;
	kind = yaml_text(doc, "kind");
	rc = kind != NULL && strcmp(kind, "ConfigMap") == 0 ? take_config_map(doc, &p, e) : take_policies(doc, &p, e);
	if (rc < 0) {
		policy_done(&p);
		return -1;
	}
	*out = p;
	return 0;
}

void
policy_done(struct policy *p)
{
	strs_free(&p->inc_cluster_resources);
	strs_free(&p->exc_cluster_resources);
	strs_free(&p->inc_ns_resources);
	strs_free(&p->exc_ns_resources);
}

# What the parts share. A world: {fleet: {id, number}, host: {id, number}, network, region, now, pageSize,
#   gke: [{name, project: {id, number}, uid, endpoint, nodes, pods, services, gateway, gatewayName, sources: []}],
#   onPremises: [{name, uid, vip, port, nodes, pods, services, gateway, pool: [], ingressVip, egress: []}]}

def answer($path; $body): {$path, $body};

def projects_with_gke: [.gke[].project] | unique_by(.id);
def all_projects: [.fleet, .host, .gke[].project] | unique_by(.id);

# A page of a list in several files: the first has the plain name, the others `name@2`, `name@3`.
def pages($path; $key; $items; $size):
  ([range(0; [($items | length), 1] | max; $size)]) as $starts
  | range(0; $starts | length) as $page
  | answer($path + (if $page == 0 then "" else "@page\($page + 1)" end);
      {($key): $items[$starts[$page]:$starts[$page] + $size]}
      + if $page + 1 < ($starts | length) then {nextPageToken: "page\($page + 2)"} else {} end);

# Google's numeric ids, as texts; the same for the same name.
def numeric_id: [explode[]] | reduce .[] as $c (7; (. * 31 + $c) % 900719925474) | . + 1000000000000 | tostring;
def hexadecimal: gsub("-"; "") | . + . | .[0:64];

def compute_url: "https://www.googleapis.com/compute/v1/" + .;
def network_url: "projects/\(.host.id)/global/networks/\(.network)" | compute_url;
def node_tag: "gke-\(.name)-\(.uid | hexadecimal | .[0:8])-node";
def membership_name($world): "projects/\($world.fleet.id)/locations/global/memberships/\(.name)";
def membership_key($world): "projects/\($world.fleet.number)/locations/global/memberships/\(.name)";

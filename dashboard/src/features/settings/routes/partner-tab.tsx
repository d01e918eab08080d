import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { treeQuery } from "@/api/queries";
import { useLabel, useMe } from "@/api/use-sign-in";
import { SelectField } from "@/components/field";
import { SettingsEditor } from "../components/settings-editor";

const route = getRouteApi("/app/settings/partner");

/** What a Partner sets for all of it, or for one of its Sites. */
export function PartnerTab() {
  const { site } = route.useSearch();
  const navigate = route.useNavigate();
  const label = useLabel();
  const { partner_name: partner } = useMe();
  const tree = useQuery(treeQuery);
  return (
    <div className="max-w-4xl space-y-4">
      <div className="max-w-sm">
        <SelectField
          label="Settings of"
          value={site ?? ""}
          onChange={(event) => void navigate({ search: { site: event.target.value || undefined } })}
        >
          <option value="">{partner ?? label("partner")}, everywhere</option>
          {tree.data?.clients.map((client) => (
            <optgroup key={client.id} label={client.name}>
              {client.sites.map((each) => (
                <option key={each.id} value={each.id}>
                  {client.name} › {each.name}
                </option>
              ))}
            </optgroup>
          ))}
        </SelectField>
      </div>
      <SettingsEditor key={site ?? ""} place={site ? { level: "site", siteId: site } : { level: "partner" }} />
    </div>
  );
}

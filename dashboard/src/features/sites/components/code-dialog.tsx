import { useQueryClient } from "@tanstack/react-query";
import type { SiteCode } from "@/api/contract";
import { keys } from "@/api/keys";
import { useAct } from "@/api/use-act";
import { useDraft } from "@/api/use-draft";
import { useLabel } from "@/api/use-sign-in";
import { Button } from "@/components/button";
import { Dialog, DialogActs } from "@/components/dialog";
import { DraftNote } from "@/components/draft-note";
import { SelectField, TextField } from "@/components/field";
import { Form } from "@/components/form";
import { notifyDone } from "@/components/notify";
import { count } from "@/lib/format";
import { acts } from "../api/queries";

const NEVER = "";
const DAY_H = 24;

/** A new code with its limits; when rotating, the codes of before stop at the same moment. */
export function CodeDialog({
  siteId,
  rotate,
  active,
  onClose,
}: {
  siteId: string;
  rotate: boolean;
  active: number;
  onClose: () => void;
}) {
  const cache = useQueryClient();
  const label = useLabel();
  const draft = useDraft(`${rotate ? "rotate" : "code"} ${siteId}`, { expires: NEVER, uses: "" });
  const { expires, uses } = draft.values;
  const make = useAct({
    mutationFn: (): Promise<SiteCode> => {
      const limits = {
        expires_in_h: expires === NEVER ? null : Number(expires),
        max_uses: uses === "" ? null : Number(uses),
      };
      return rotate ? acts.rotateCodes(siteId, limits) : acts.createCode(siteId, limits);
    },
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: [...keys.sites, "codes", siteId] });
      notifyDone(rotate ? "The codes were rotated." : "The code is ready.");
      draft.drop();
      onClose();
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={rotate ? `Rotate the ${label("site")} codes` : `New ${label("site")} code`}
      description={
        rotate
          ? `Revokes ${active === 1 ? "the 1 active code" : `all ${count(active)} active codes`} and makes a new one. Machines already enrolled are not touched; install commands copied before stop working.`
          : `A code lets a machine enrol at this ${label("site")}. It is not a key to anything else.`
      }
      className="md:w-[460px]"
    >
      <Form error={make.error} onSubmit={() => make.mutate()}>
        <DraftNote restored={draft.restored} onDrop={draft.drop} />
        <div className="grid gap-3 sm:grid-cols-2">
          <SelectField
            label="Expires"
            name="expires_in_h"
            value={expires}
            onChange={(event) => draft.change({ expires: event.target.value })}
          >
            <option value={NEVER}>Never</option>
            <option value={1}>In 1 hour</option>
            <option value={DAY_H}>In 1 day</option>
            <option value={7 * DAY_H}>In 7 days</option>
            <option value={30 * DAY_H}>In 30 days</option>
            <option value={90 * DAY_H}>In 90 days</option>
          </SelectField>
          <TextField
            label="At most, machines"
            type="number"
            min={1}
            max={100_000}
            placeholder="No limit"
            name="max_uses"
            value={uses}
            onChange={(event) => draft.change({ uses: event.target.value })}
          />
        </div>
        <DialogActs>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant={rotate ? "danger-solid" : "primary"} busy={make.isPending}>
            {rotate ? "Rotate" : "Create"}
          </Button>
        </DialogActs>
      </Form>
    </Dialog>
  );
}

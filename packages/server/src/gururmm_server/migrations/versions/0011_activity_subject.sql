alter table core.activity add column subject_id uuid;
comment on column core.activity.subject_id is 'The command, the tech session or whatever else the event tells of, as its class names it. No foreign key: the feed outlives what it tells of.';

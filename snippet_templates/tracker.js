//# allFunctionsCalledOnLoad
!function(F){var o;try{o=typeof options<"u"&&options}catch(e){}{{ chunks }}F.start(window,JSON.parse('{{ config | tojson | replace("\\", "\\\\") }}'),o,F)}([]);
